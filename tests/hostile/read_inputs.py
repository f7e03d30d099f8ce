"""Attacks that try to carry the inputs of hidden tests out to the student."""

from __future__ import annotations

from tests.hostile.attack import Attack, last, returning
from tests.hostile.target import WRONG

#: Remembers the arguments of each call; a later cell shows them.
REMEMBER = "seen = []\n\n\ndef keep(*given):\n    seen.append(given)\n    return 0.0"


def remembering(answer: str) -> dict[str, str]:
    """Return answers that remember their arguments and then give ``answer``."""
    cells = returning(f"(keep(given, named), {answer})[1]", REMEMBER)
    cells["account"] = "class Account:\n    def __init__(self, balance):\n        keep(balance)\n"
    cells["account"] += "        self.balance = 5.0\n    def deposit(self, *x):\n        keep(x)"
    return cells


ATTACKS = (
    Attack(
        "printed_inputs",
        "Prints its arguments in each call that a test makes.",
        returning("(print(given, named), 0.0)[1]"),
    ),
    Attack(
        "displayed_inputs",
        "Shows its arguments as HTML and on stderr in each call that a test makes.",
        returning(
            "(display(HTML(f'<b>{given}</b>')), print(given, file=sys.stderr), 0.0)[2]",
            "import sys\nfrom IPython.display import HTML, display",
        ),
    ),
    Attack(
        "inputs_in_a_later_cell",
        "Remembers its arguments, and prints them in a later cell of its own.",
        remembering("0.0") | last("print(seen)"),
    ),
    Attack(
        "inputs_in_a_message",
        "Raises exceptions whose message holds its arguments.",
        returning("fail(given)", "def fail(given):\n    raise ValueError(f'I was given {given}')"),
    ),
    Attack(
        "inputs_in_an_assertion",
        "Raises AssertionError with its arguments, as if it were a message of the test.",
        returning("fail(given)", "def fail(given):\n    raise AssertionError(f'with {given}')"),
    ),
    Attack(
        "inputs_in_a_class_name",
        "Raises exceptions and returns objects whose class is named after its arguments.",
        {
            **returning(
                "fail(given)", "def fail(given):\n    raise type(f'E{given}', (Exception,), {})"
            ),
            "account": """def Account(balance):
    class Made:
        def deposit(self, amount):
            type(self).__name__ = type(self).__qualname__ = f"Got{amount}and{balance}"
    Made.balance = balance
    return Made()""",
        },
    ),
    Attack(
        "inputs_in_files",
        "Writes its arguments into files, and reads them in a later cell of its own.",
        returning(
            "write(given)",
            "places = ('seen.txt', '/tmp/seen.txt', '/dev/shm/seen.txt')\n\n\ndef write(given):\n"
            "    for place in places:\n        with open(place, 'a') as file:\n"
            "            file.write(repr(given))\n    return 0.0",
        )
        | last("for p in places: print(open(p).read())"),
    ),
    Attack(
        "inputs_in_the_notebook",
        "Sends output to the cells before and after by update_display, payloads and comms.",
        {
            **returning(
                "(shown.update(repr(given)), shout(repr(given)), 0.0)[2]",
                """
from IPython.display import display

shown = display("nothing", display_id=True)


def shout(text):
    shell = get_ipython()
    try:
        shell.set_next_input(text)
        shell.payload_manager.write_payload({"source": "page", "data": {"text/plain": text}})
        shell.kernel.set_parent([], {}, "shell")
        print(text)
    except Exception:
        pass
""",
            )
        },
    ),
    Attack(
        "late_output",
        "Lets a thread print the arguments of earlier calls while later cells of its own run.",
        remembering("0.0")
        | {
            "square": f"""{REMEMBER}
import threading
import time


def tell():
    while True:
        print(seen, flush=True)
        time.sleep(0.02)


threading.Thread(target=tell, daemon=True).start()
{WRONG["square"]}"""
        }
        | last("time.sleep(1)"),
    ),
    Attack(
        "binary_search",
        "Raises one of two exceptions according to a digit of its input, to learn it bit by bit.",
        returning(
            "tell(given)",
            "def tell(given):\n    value = given[0] if given else 0\n"
            "    raise (KeyError if float(value) > 4 else IndexError)(str(value))",
            names=("area",),
        ),
    ),
)
