"""Attacks that try to use up the judge, or the wire between it and the student's process."""

from __future__ import annotations

from tests.hostile.attack import Attack, returning


def only(name: str, body: str, prelude: str = "") -> dict[str, str]:
    """Return answers of which one function has this body."""
    return {name: f"{prelude}\n\n\ndef {name}(*given, **named):\n    {body}"}


#: What the judge meets in calls.
JUDGED = (
    Attack(
        "calls_for_ever",
        "Calls the test's own function in an endless loop.",
        only("integrate", "while True:\n        given[0](0.5)"),
        verdicts=("timeout",),
    ),
    Attack(
        "calls_thousands_of_times",
        "Calls the test's own function two thousand times, from four threads.",
        only(
            "integrate",
            "threads = [threading.Thread(target=call, args=given[:1]) for _ in range(4)]\n"
            "    [thread.start() for thread in threads]\n"
            "    [thread.join() for thread in threads]\n    return 0.0",
            "import threading\n\n\ndef call(f):\n    for _ in range(500):\n        f(0.5)",
        ),
    ),
    Attack(
        "calls_with_giants",
        "Calls the test's own function with a number of ten million digits.",
        only("integrate", "return given[0](10 ** 10_000_000)"),
    ),
    Attack(
        "never_answers",
        "Never returns from a call of a test, and ignores interrupts meanwhile.",
        only(
            "area",
            "while True:\n        try:\n            time.sleep(100)\n"
            "        except BaseException:\n            pass",
            "import time",
        ),
        verdicts=("timeout",),
    ),
    Attack(
        "stops_in_a_call",
        "Stops its own process with a signal in the middle of a call of a test.",
        only("area", "os.kill(os.getpid(), signal.SIGSTOP)", "import os, signal"),
        verdicts=("timeout",),
    ),
    Attack(
        "slow_answers",
        "Answers every question of a test after half a second, item by item.",
        only(
            "count",
            "return Slow()",
            """
import time


class Slow:
    def __len__(self):
        time.sleep(0.5)
        return 0
    def __iter__(self):
        while True:
            time.sleep(0.5)
            yield "a"
    __eq__ = lambda self, other: bool(time.sleep(0.5)) or True
    __hash__ = None
""",
        ),
    ),
    Attack(
        "endless_iterator",
        "Returns iterators, generators and sequences without an end.",
        {
            "count": "import itertools\n\n\ndef count(text):\n    return Endless()\n\n\n"
            "class Endless(dict):\n    __eq__ = lambda self, other: True\n    __hash__ = None\n"
            "    def __len__(self): return 3\n    def __iter__(self): return itertools.count()",
            "fit": "def fit(x, y):\n    return itertools.repeat(0.0)",
            "weights": "def weights(n):\n    return Many()\n\n\nclass Many:\n"
            "    def __len__(self): return 2**62\n    def __getitem__(self, key): return 0.0",
        },
    ),
    Attack(
        "ten_gigabytes_of_text",
        "Returns a text of ten gigabytes.",
        only("count", "return 'x' * 10**10"),
        verdicts=("memory", "timeout"),
    ),
    Attack(
        "large_text",
        "Returns texts and bytes of two hundred megabytes, again and again.",
        {
            **only("count", "return {'a': 'x' * 200_000_000}"),
            **only("area", "return b'x' * 200_000_000"),
        },
    ),
    Attack(
        "array_of_nothing",
        "Returns arrays that claim a million million elements and take eight bytes.",
        {
            **only("standardise", "return np.broadcast_to(1.0, (10**6, 10**6))"),
            **only("weights", "return np.broadcast_to(np.float64(0.1), (3, 10**9))"),
            **only("fit", "return np.lib.stride_tricks.as_strided(given[0], (10**12,), (0,))"),
        },
    ),
    Attack(
        "cycle",
        "Returns lists and dictionaries that contain themselves.",
        {
            **only("count", "found = {}\n    found['kept'] = found\n    return found"),
            **only("fit", "pair = []\n    pair += [pair, pair]\n    return pair"),
            **only("weights", "return [WEIGHTS] * n", "WEIGHTS = []\nWEIGHTS.append(WEIGHTS)"),
        },
    ),
    Attack(
        "depth",
        "Returns lists in lists in lists, a hundred thousand deep.",
        {
            name: f"def {name}(*given):\n    deep = []\n    for _ in range(100_000):\n"
            "        deep = [deep]\n    return deep"
            for name in ("area", "count", "fit")
        },
    ),
    Attack(
        "shared_structure",
        "Returns a list that holds one list twice, which holds one twice, sixty times over.",
        {
            name: f"def {name}(*given):\n    many = [0.0]\n    for _ in range(60):\n"
            "        many = [many, many]\n    return many"
            for name in ("area", "count", "fit")
        },
    ),
    Attack(
        "million_keys",
        "Returns a dictionary with a million keys.",
        only("count", "return {str(n): n for n in range(1_000_000)}"),
    ),
    Attack(
        "colliding_keys",
        "Returns a dictionary of keys that all have one hash.",
        only("count", "return {n * (2**61 - 1): n for n in range(1, 30_000)}"),
    ),
    Attack(
        "million_objects",
        "Returns a list of a million objects that cannot go by value.",
        only("fit", "return [object() for _ in range(1_000_000)]"),
    ),
    Attack(
        "giant_numbers",
        "Returns integers of millions of digits.",
        {**only("area", "return 7 ** 20_000_000"), "root": "root = 10 ** 5_000_000"},
    ),
    Attack(
        "giant_messages",
        "Raises exceptions with messages of a hundred megabytes, and class names as long.",
        returning(
            "shout()",
            "def shout():\n    raise type('E' * 10_000_000, (Exception,), {})('x' * 100_000_000)",
            names=("area", "fit"),
        ),
    ),
    Attack(
        "half_characters",
        "Prints, raises, returns and shows text that no file can hold: halves of characters.",
        {
            **only("area", "raise ValueError(HALF)", "HALF = '\\ud800' * 9"),
            **only("integrate", "raise type('E', (AssertionError,), {})(HALF)"),
            **only("weights", "print(HALF)\n    return [HALF] * given[0]"),
            **only("count", "return {HALF: HALF}"),
            "root": "root = '\\udfff'",
            "sketch": """kernel = get_ipython().kernel
session, packed = kernel.session, kernel.session.pack
session.pack = lambda thing: packed(thing).replace(b"HALF", b"\\\\ud800")
for kind, content in (
    ("stream", {"name": "stdout", "text": "HALF"}),
    ("display_data", {"data": {"text/plain": "HALF", "text/html": ["HALF"]}, "metadata": {}}),
    (
        "display_data",
        {"data": {"text/plain": "HALF", "application/json": {"HALF": ["HALF"]}}, "metadata": {}},
    ),
    ("update_display_data", {"data": {"text/plain": "HALF"}, "transient": {"display_id": "HALF"}}),
    (
        "execute_result",
        {"data": {"text/plain": "1"}, "metadata": {"HALF": "HALF"}, "execution_count": 1},
    ),
):
    session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent("shell"))
raise ValueError("HALF")""",
        },
    ),
    Attack(
        "named_pipe",
        "Puts a named pipe, which nobody ever writes to, where a test will read a file.",
        {
            "save": "import os\n\n\ndef save(path, amount):\n    if os.path.exists(path):\n"
            "        os.unlink(path)\n    os.mkfifo(path)"
        },
    ),
    Attack(
        "endless_file",
        "Puts a link to a file without an end where a test will read a file.",
        {
            "save": "import os\n\n\ndef save(path, amount):\n    if os.path.lexists(path):\n"
            "        os.unlink(path)\n    os.symlink('/dev/zero', path)"
        },
    ),
    Attack(
        "looping_links",
        "Puts links in a circle, and folders within folders, where a test will read a file.",
        {
            "save": "import os\n\n\ndef save(path, amount):\n    if os.path.lexists(path):\n"
            "        os.unlink(path)\n    os.symlink(path, path)\n"
            "    os.makedirs('/'.join(['d'] * 300), exist_ok=True)"
        },
    ),
    Attack(
        "answers_grow",
        "Changes each argument in place into something much larger.",
        {
            **only("fit", "given[0].resize(10**6, refcheck=False)\n    return (0.0, 0.0)"),
            **only("standardise", "given[0].dtype = np.int8\n    return 0.0"),
        },
    ),
)
