import asyncio
import re
import time
from pathlib import Path

import pytest

from autograder.execute import process
from autograder.execute.notebook_run import RESTARTS, execute
from autograder.model import Verdict
from tests.autograder.building import asserts, code, ended, job, marked, solution

pytestmark = pytest.mark.sandbox
PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR
SLOW = pytest.mark.slow
TIMEOUT, MEMORY, CRASH = Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASH


def test_cells_share_one_namespace_and_pass(run):
    done = run("x = 20", "x + 22")
    assert done.verdicts == [PASS, PASS]
    assert done.result(1) == "42"
    assert done.messages == ["", ""]


def test_empty_and_markdown_cells_are_passed_over(run):
    done = run("  \n", "1", asserts("assert True"))
    assert done.verdicts == [PASS, PASS]


def test_a_failed_assertion_speaks_in_its_own_words(run):
    done = run(
        asserts("assert 1 == 2, 'one is not two'", "one"), asserts("assert False", "two"), "1"
    )
    assert done.verdicts == [FAIL, FAIL, PASS]
    assert done.messages == ["one is not two", "A test failed.", ""]


def test_outside_of_tests_an_assertion_is_an_exception_like_any_other(run):
    done = run("assert 1 == 2, 'my own check'")
    assert done.verdicts == [ERROR]
    assert done.messages == ["AssertionError: my own check"]


def test_any_other_exception_is_an_error_with_its_name(run):
    done = run("1 / 0", "raise NotImplementedError", "no_such_name", "def f(:\n    pass")
    assert done.verdicts == [ERROR] * 4
    assert done.messages[0] == "ZeroDivisionError: division by zero"
    assert done.messages[1] == "Not answered yet."
    assert done.messages[2] == "NameError: name 'no_such_name' is not defined"
    assert done.messages[3].startswith("SyntaxError")


def test_an_error_whose_display_was_suppressed_is_still_an_error(run):
    done = run(
        "get_ipython().showtraceback = lambda *a, **k: None",
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.showtraceback = lambda *a, **k: None",
        asserts("assert False, 'seen all the same'"),
    )
    assert done.verdicts[2] is FAIL
    assert done.messages[2] == "seen all the same"
    assert done.errors(2) == ["AssertionError"]


def test_a_tag_does_not_save_a_cell_from_being_run(run):
    done = run(
        asserts("assert False", tags=["skip-execution"]), asserts("1/0", tags=["raises-exception"])
    )
    assert done.verdicts == [FAIL, ERROR]


def test_a_kernel_that_was_made_to_refuse_cells_earns_nothing(run):
    done = run("get_ipython().kernel._aborting = True", "x = 1", asserts("assert x == 1"))
    assert done.verdicts[1:] == [ERROR, ERROR]
    assert done.messages[1] == "This cell was not run."


def test_input_is_an_error_and_does_not_wait(run):
    done = run("name = input('who? ')", "1")
    assert done.verdicts == [ERROR, PASS]
    assert done.messages[0].startswith("StdinNotImplementedError")


def test_sys_exit_ends_the_cell_and_not_the_kernel(run):
    done = run("x = 1", "import sys\nsys.exit(0)", "assert x == 1")
    assert done.verdicts == [PASS, ERROR, PASS]


def test_a_cell_that_runs_too_long_is_interrupted_and_what_it_defined_stays(run):
    done = run("x = 1\nwhile True:\n    pass", "assert x == 1", cell_seconds=0.5)
    assert done.verdicts == [TIMEOUT, PASS]
    assert "0.5 seconds" in done.messages[0]
    assert done.errors(0) == ["CellTimeoutError"]


def test_the_time_of_a_cell_may_be_a_fraction_of_a_second(run):
    done = run("import time; time.sleep(0.3)", cell_seconds=0.9)
    assert done.verdicts == [PASS]


SWALLOWS = (
    "import time\nwhile True:\n    try:\n        while True:\n            time.sleep(0.01)\n"
    "    except KeyboardInterrupt:\n        pass"
)


@pytest.mark.slow
def test_a_cell_that_swallows_the_interrupt_is_killed_and_the_others_are_graded(run):
    done = run("x = 3", SWALLOWS, asserts("assert x == 3"), cell_seconds=0.5)
    assert done.verdicts == [PASS, TIMEOUT, PASS]


@pytest.mark.slow
def test_a_cell_that_stops_its_own_process_is_killed_and_the_others_are_graded(run):
    stops = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"
    done = run("x = 3", stops, asserts("assert x == 3"), cell_seconds=0.5)
    assert done.verdicts == [PASS, TIMEOUT, PASS]


def test_too_much_memory_is_a_verdict_and_the_others_are_graded(run):
    greedy = "import numpy as np\nhoard = [np.ones(10**7) for _ in range(20)]\nwhile True: pass"
    done = run("x = 1", greedy, asserts("assert x == 1"), memory_mb=300)
    assert done.verdicts == [PASS, MEMORY, PASS]
    assert "300 MB" in done.messages[1]


@pytest.mark.slow
def test_memory_of_child_processes_counts(run):
    greedy = (
        "import os, time, numpy as np\n"
        "if os.fork() == 0:\n    hoard = np.ones(60_000_000)\n    time.sleep(60)\n    os._exit(0)\n"
        "while True: pass"
    )
    done = run(greedy, memory_mb=300)
    assert done.verdicts == [MEMORY]


@pytest.mark.slow
def test_too_much_processor_time_is_a_timeout_and_a_crash_gives_no_fresh_one(run):
    spin = "import time\nwhile time.process_time() < 60:\n    pass"
    done = run("x = 1", spin, asserts("assert x == 1"), cpu_seconds=2, cell_seconds=90)
    assert done.verdicts == [PASS, TIMEOUT, TIMEOUT]
    assert "2 seconds of processor time" in done.messages[1]
    assert done.messages[2].startswith("Not run: ")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("import os\nos._exit(0)", "exit status 0", id="exit 0"),
        pytest.param("import os\nos._exit(3)", "exit status 3", id="exit 3", marks=SLOW),
        pytest.param("import ctypes\nctypes.string_at(0)", "signal 11", id="null pointer"),
        pytest.param("import os\nos.abort()", "signal 6", id="abort", marks=SLOW),
        pytest.param("import os\nos.closerange(3, 256)", "", id="all closed", marks=SLOW),
    ],
)
def test_a_cell_that_ends_its_process_costs_only_itself(run, source, said):
    done = run("x = 1", source, asserts("assert x == 1"))
    assert done.verdicts == [PASS, CRASH, PASS]
    assert said in done.messages[1]
    assert done.errors(1) == ["KernelDied"]


@pytest.mark.slow
def test_deep_recursion_is_an_error(run):
    done = run("def f(): return f()\nf()", "1", cell_seconds=60)
    assert done.verdicts == [ERROR, PASS]
    assert done.messages[0].startswith("RecursionError")


def test_the_fresh_kernel_repeats_what_came_before_but_neither_tests_nor_the_culprit(run):
    done = run(
        solution("runs = ['solution']", "one"),
        asserts("runs.append('test')\nassert True", "test_one"),
        "runs.append('plain')",
        "1 / 0",
        solution("import os\nruns.append('culprit')\nos._exit(1)", "two"),
        "print(runs)",
    )
    assert done.verdicts == [PASS, PASS, PASS, ERROR, CRASH, PASS]
    assert done.printed(5) == "['solution', 'plain']\n"
    assert done.errors(3) == ["ZeroDivisionError"]  # what the repetition showed


@pytest.mark.slow
def test_after_enough_dead_kernels_the_rest_is_not_run(run):
    dies = "import os\nos._exit(1)"
    done = run(*[dies] * (RESTARTS + 1), "1", asserts("assert True"))
    assert done.verdicts == [CRASH] * (RESTARTS + 3)
    assert "Not run" in done.messages[-1]
    assert done.errors(-1) == ["NotRun"]


def test_a_flood_of_text_is_cut_and_says_so(run):
    done = run("print('x' * 3_000_000)", "print('fine')", output_kb=10)
    assert done.verdicts == [PASS, PASS]
    assert 10_000 < len(done.printed(0)) < 10_600
    assert done.printed(0).count("a cell may print 10 kB") == 1
    assert done.printed(1) == "fine\n"


def test_a_flood_of_displays_is_cut(run):
    flood = "from IPython.display import display\nfor _ in range(300): display('y' * 1000)"
    done = run(flood, output_kb=10)
    assert done.verdicts == [PASS]
    assert len(str(done.cells[0].outputs)) < 20_000


def test_a_display_that_grows_afterwards_is_held_to_the_same_limit(run):
    done = run(
        "from IPython.display import display\nshown = display('small', display_id=True)",
        "shown.update('z' * 500_000)",
        output_kb=10,
    )
    assert len(str(done.cells)) < 20_000


def test_partial_credit_survives_a_flood_of_output(run):
    done = run(asserts("print('x' * 3_000_000)\n0.5"), output_kb=10)
    assert done.result(0) == "0.5"


SENDS = """
kernel = get_ipython().kernel
send, parent = kernel.session.send, kernel.get_parent("shell")

def flood(kind, content, times):
    for _ in range(times):
        send(kernel.iopub_socket, kind, content, parent=parent)
"""
ERRORS = "flood('error', {'ename': 'E', 'evalue': 'x' * 3500, 'traceback': []}, 100)"
TRACES = "flood('error', {'ename': 'E', 'evalue': '', 'traceback': ['y' * 100] * 35}, 100)"
RESULTS = (
    "flood('execute_result', {'data': {'text/plain': 'x' * 3500}, 'metadata': {}, "
    "'execution_count': 1}, 100)"
)
METADATA = "flood('display_data', {'data': {}, 'metadata': {'a': 'x' * 3500}}, 100)"
MANY = "flood('display_data', {'data': {}, 'metadata': {}}, 1000)"
NAMED = (
    "flood('display_data', {'data': {}, 'metadata': {}, 'transient': {'display_id': 'one'}}, 50)\n"
    "flood('update_display_data', {'data': {'text/plain': 'x' * 3500}, 'metadata': {}, "
    "'transient': {'display_id': 'one'}}, 1)"
)


@pytest.mark.parametrize("source", [ERRORS, TRACES, RESULTS, METADATA, MANY, NAMED])
def test_every_kind_of_output_is_held_to_the_limit(run, source):
    done = run(SENDS + source, "1", output_kb=10)
    assert done.verdicts == [PASS, PASS]
    assert len(str(done.cells[0].outputs)) < 30_000
    assert done.printed(0).count("a cell may print 10 kB") == 1
    assert done.result(1) == "1"


def test_what_is_shown_faster_than_it_is_read_is_not_lost(run):
    send = "flood('stream', {'name': 'stdout', 'text': 'x'}, 4000)"
    done = run(SENDS + send, "1", output_kb=1000)
    assert done.verdicts == [PASS, PASS]
    assert done.printed(0) == "x" * 4000


def test_an_exception_with_a_long_text_is_told_in_short(run):
    done = run("raise ValueError('x' * 3_000_000)", output_kb=10)
    assert done.verdicts == [ERROR]
    assert len(str(done.cells[0].outputs)) + len(done.messages[0]) < 20_000
    assert done.errors(0) == ["ValueError"]


def test_all_cells_together_are_held_to_a_limit(run):
    done = run(
        *["print('x' * 8_000)"] * 3,
        asserts("print('y' * 8_000)\nassert False, 'still told'"),
        "import os\nos._exit(1)",
        "print('x' * 8_000)",
        "1",
        output_kb=10,
        notebook_output_kb=20,
    )
    assert done.verdicts == [PASS, PASS, PASS, FAIL, CRASH, PASS, PASS]
    assert done.messages[3] == "still told"
    assert done.printed(0) == "x" * 8000 + "\n"
    assert "beginning with a printed text: all cells together may show 20 kB" in done.printed(2)
    assert len(str(done.cells)) < 20_480 + 10_000
    assert "beginning with a printed text: all cells" in done.printed(5)
    assert done.result(6) == "1"


def test_widgets_leave_nothing_behind(run):
    talk = (
        "from comm import create_comm\n"
        "create_comm(target_name='jupyter.widget', data={'state': {'a': 'x' * 100_000}})"
    )
    done = run(talk + ";")
    assert done.verdicts == [PASS]
    assert len(str(done.cells)) < 2000


def test_threads_that_go_on_do_not_hold_the_notebook_up(zygote):
    goes_on = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()"
    done = asyncio.run(asyncio.wait_for(execute(job(goes_on), zygote), 120))
    assert ended(done).verdicts == [PASS]


def test_files_beside_the_notebook_can_be_read_and_imported(run):
    done = run(
        "print(open('data/numbers.csv').read())",
        "import helper\nprint(helper.x)",
        files={"data/numbers.csv": b"1,2", "helper.py": b"x = 42"},
    )
    assert done.verdicts == [PASS, PASS]
    assert done.printed(0) == "1,2\n"
    assert done.printed(1) == "42\n"


def test_a_file_that_would_lie_outside_of_the_job_is_refused(zygote):
    with pytest.raises(ValueError, match="outside of the submission"):
        asyncio.run(execute(job("1", files={"../../escape": b"x"}), zygote))
    assert not list(zygote.run.rglob("escape"))
    assert not list((zygote.run / "jobs").iterdir())


def test_a_cell_knows_that_it_is_being_graded_and_its_submission_s_seed(run):
    ask = "import os\nprint(os.environ['NBGRADER_EXECUTION'])\n"
    done = run(ask + "print(os.environ['AUTOGRADER_SUBMISSION_SEED'])", seed="abc1")
    assert done.printed() == "autograde\nabc1\n"


def test_the_same_seed_gives_the_same_random_numbers(run):
    draw = "import random, numpy as np\nprint(random.random(), np.random.rand())"
    one, again, other = (run(draw, seed=seed).printed() for seed in ("aa", "aa", "ab"))
    assert one == again != other


def test_the_same_submission_gives_the_same_notebook(engine):
    one = job("import numpy as np", "print(np.random.rand(3))", asserts("assert False, 'no'"))
    first, second = (e.content for e in engine.run([one, one]))
    assert first == second


@pytest.mark.slow
def test_a_process_that_cannot_start_is_our_failure_and_not_the_student_s(zygote, monkeypatch):
    monkeypatch.setattr(process, "GRADING", {"NBGRADER_EXECUTION": "autograde", "A": "a\0b"})
    done = ended(asyncio.run(execute(job("1"), zygote)))
    assert "did not start" in done.failure
    assert done.verdicts == []


@pytest.mark.slow
def test_a_supervisor_that_refuses_is_our_failure_and_says_why(zygote):
    # No such size: the private scratch cannot be mounted.
    done = ended(asyncio.run(execute(job("1", scratch_mb="nonsense"), zygote)))
    assert "mount" in done.failure
    assert done.verdicts == []


def test_nothing_of_a_job_stays_behind(zygote, run):
    run("open('left.txt', 'w').write('x')", "import os\nos._exit(1)", "1")
    assert not list((zygote.run / "jobs").iterdir())


def test_a_cell_that_was_not_marked_is_code_like_any_other(run):
    assert run(code("1 + 1")).result(0) == "2"


def test_a_call_that_never_ends_is_interrupted_and_what_the_cells_defined_stays(run):
    done = run(
        solution("x = 3\ndef f():\n    while True: pass\ndef g(): return x"),
        asserts("expected = 3\nf()", "one"),
        asserts("assert g() == expected", "two"),
        cell_seconds=1,
    )
    assert done.verdicts == [PASS, TIMEOUT, PASS]
    assert "1 seconds" in done.messages[1]


@pytest.mark.slow
def test_a_call_that_swallows_the_interrupt_costs_only_its_test(run):
    swallows = SWALLOWS.replace("\n", "\n    ")
    done = run(
        solution(f"x = 3\ndef f():\n    {swallows}"),
        asserts("assert x == 3", "one"),
        asserts("f()", "two"),
        solution("x = 4", "solution_two"),
        asserts("assert x == 4", "three"),
        cell_seconds=1,
    )
    assert done.verdicts == [PASS, PASS, TIMEOUT, PASS, PASS]


def test_processor_time_is_counted_per_cell(run):
    done = run(
        solution("def f():\n    while True: pass"),
        asserts("f()", "one"),
        "while True: pass",
        asserts("assert True", "two"),
        cell_cpu_seconds=0.5,
        cell_seconds=60,
    )
    assert done.verdicts == [PASS, TIMEOUT, TIMEOUT, PASS]
    for message in done.messages[1:3]:
        assert "0.5 seconds of processor time" in message


@pytest.mark.slow
def test_a_test_that_never_ends_by_itself_is_ended_and_the_next_one_runs(run):
    done = run(
        marked("limit = 3", "lock", locked=True),
        solution("def f(): return 1"),
        asserts("while True: pass", "one"),
        asserts("assert f() == 1 and limit == 3", "two"),
        cell_seconds=1,
    )
    assert done.verdicts == [PASS, PASS, TIMEOUT, PASS]


@pytest.mark.slow
def test_an_endless_iterator_costs_only_its_test(run):
    done = run(
        solution("import itertools\ndef f(): return itertools.repeat('x' * 100_000)"),
        asserts("[x + 'y' for x in f()]", "one"),
        asserts("assert next(f())", "two"),
        memory_mb=300,
        cell_seconds=60,
    )
    assert done.verdicts == [PASS, MEMORY, PASS]


def test_a_process_that_ends_in_a_call_or_between_costs_only_what_it_must(run):
    dies_later = "import threading, os\nthreading.Timer(0.2, os._exit, [5]).start()"
    done = run(
        solution("x = 3\nimport os\ndef die(): os._exit(3)"),
        asserts("assert x == 3", "one"),
        asserts("die()", "two"),
        asserts("assert x == 3", "three"),
        solution(dies_later, "later"),
        asserts("import time\ntime.sleep(1)", "four"),
        asserts("assert x == 3", "five"),
    )
    # What the fourth has imported is handed over to nobody; the fifth may be judged in the next
    # process before that one ends, too.
    assert done.verdicts[:6] == [PASS, PASS, CRASH, PASS, PASS, CRASH]
    assert done.verdicts[6] in (PASS, CRASH)
    assert "exit status 3" in done.messages[2]
    assert "exit status 5" in done.messages[5]


def test_a_test_sees_what_the_cells_before_it_left(run):
    done = run("x = 1", asserts("assert x == 1", "one"), "x = 2", asserts("assert x == 2", "two"))
    assert done.verdicts == [PASS] * 4


def test_a_number_that_is_printed_is_no_score(zygote):
    one = job(asserts("print(0.25)"), asserts("assert True\n0.5", "two"))
    cells = asyncio.run(execute(one, zygote)).cells
    assert [cell.points for cell in cells] == [None, 0.5]
    assert all(cell.judged for cell in cells)


class Late:
    """A turn that comes late: another submission's cells run meanwhile."""

    def __enter__(self):
        time.sleep(4)

    def __exit__(self, *_):
        pass


def test_waiting_for_its_turn_costs_a_submission_none_of_its_time(zygote):
    done = ended(
        asyncio.run(execute(job("x = 1", asserts("assert x == 1"), seconds=4), zygote, Late()))
    )
    assert done.verdicts == [PASS, PASS]
    done = ended(asyncio.run(execute(job("while True: pass", "1", seconds=1), zygote)))
    assert done.verdicts == [TIMEOUT, TIMEOUT]
    assert "after 1 seconds in all" in done.messages[1]


@pytest.mark.parametrize("content", ["{}", "{'status': 'error'}", "{'status': 3}"])
def test_a_reply_that_a_notebook_made_up_is_an_error_of_its_cell(run, content):
    forging = (
        "kernel = get_ipython().kernel\nsend = kernel.session.send\n"
        "def forge(stream, kind, content=None, *rest, **named):\n"
        f"    content = {content} if kind == 'execute_reply' else content\n"
        "    return send(stream, kind, content, *rest, **named)\n"
        "kernel.session.send = forge"
    )
    done = run(solution(forging), asserts("assert True"))
    assert done.failure == ""
    assert done.verdicts == [Verdict.ERROR, Verdict.PASS]


HALVES = """
session, packed = get_ipython().kernel.session, get_ipython().kernel.session.pack
session.pack = lambda thing: packed(thing).replace(b"HALF", b"\\\\ud800")
kernel = get_ipython().kernel
shown = {"data": {"application/json": {"HALF": ["HALF"]}, "text/html": ["HALF"]}, "metadata": {}}
session.send(kernel.iopub_socket, "display_data", shown, parent=kernel.get_parent("shell"))
print("HALF")
raise ValueError("HALF")
"""


def test_halves_of_characters_do_not_make_the_grader_fail(run):
    done = run(
        solution(HALVES),
        solution("def f():\n    print('\\ud800')\n    raise ValueError('\\ud800')"),
        asserts("f()"),
    )
    assert done.failure == ""
    assert done.verdicts == [ERROR, PASS, ERROR]
    assert done.messages == ["ValueError: \ufffd", "", "ValueError: \ufffd"]
    assert done.printed(0) == done.printed(2) == "\ufffd\n"
    (shown,) = [out for out in done.cells[0].outputs if out.output_type == "display_data"]
    assert shown.data == {"application/json": {"\ufffd": ["\ufffd"]}, "text/html": "\ufffd"}


@pytest.mark.parametrize("loop", ["g(0.5)", "try: g(0.5)\n        except ValueError: pass"])
def test_a_call_that_is_interrupted_while_it_calls_the_test_costs_only_its_test(run, loop):
    # The test's answer to the last call must not be taken for the next test's question.
    done = run(
        solution(f"def f(g):\n    while True:\n        {loop}\ndef h(x): return x + 1\nkept = 1"),
        asserts("f(lambda t: 2 * t)", "one"),
        asserts("assert h(1) == 2", "two"),
        asserts("def refuse(t):\n    raise ValueError\nf(refuse)", "three"),
        asserts("assert h(5) == 6 and h(6) == 7", "four"),
        cell_seconds=1,
    )
    second = ERROR if loop == "g(0.5)" else TIMEOUT
    assert done.verdicts == [PASS, TIMEOUT, PASS, second, PASS]


FLOOD = """
import time

def f():
    kernel = get_ipython().kernel
    parent, heavy = kernel.get_parent("shell"), {"text/plain": "x" * 2 * 10**7}
    for _ in range(60):
        kernel.session.send(
            kernel.iopub_socket,
            "display_data",
            {"data": heavy, "metadata": {}},
            parent=parent,
        )
        time.sleep(0.02)
    return 1
"""


def peak_mb():
    """Return the greatest memory that this process has had."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@pytest.mark.slow
def test_what_is_sent_while_a_test_runs_does_not_pile_up(run):
    run("1")  # so that everything is imported
    Path("/proc/self/clear_refs").write_text("5")  # the greatest use is from now on
    before = peak_mb()
    cells = (FLOOD, asserts("assert f() == 1"), solution("x = 1"), asserts("assert x == 1"))
    done = run(*cells, cell_seconds=120)
    assert done.verdicts == [PASS] * 4
    assert peak_mb() - before < 500
