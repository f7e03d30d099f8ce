"""The judge's names, values and files, with a real student's process beside it."""

import asyncio
import dataclasses

import pytest

from autograder.execute.notebook_run import execute
from autograder.model import Verdict
from tests.autograder import building
from tests.autograder.building import asserts, marked, solution

pytestmark = pytest.mark.sandbox
PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR


def locked(source, grade_id="locked"):
    return marked(source, grade_id, locked=True)


@pytest.fixture
def judged(zygote):
    """Return a function that executes cells, with what else the instructor brings."""

    def judged(*cells, imports="", instructor_files=(), **options):
        job = building.job(*cells, **options)
        job = dataclasses.replace(job, imports=imports, instructor_files=instructor_files)
        execution = asyncio.run(execute(job, zygote))
        return building.ended(execution), execution

    return judged


def test_a_name_of_a_locked_cell_cannot_be_taken_over(run):
    done = run(
        locked("def close(a, b):\n    return abs(a - b) < 1e-9\nlimit = 10"),
        solution("def f(x):\n    return 0\ndef close(a, b):\n    return True\nlimit = 0"),
        asserts("assert limit == 10\nassert close(f(1), 1), 'not close'"),
    )
    assert done.messages[2] == "not close"


def test_a_temporary_of_a_test_cannot_be_taken_over(run):
    done = run(
        solution("def f(x):\n    return 0", "one"),
        asserts("expected = 4\ndef check(x):\n    assert x == expected, 'wrong'", "test_one"),
        solution("expected = 0\ndef check(x): pass", "two"),
        asserts("assert expected == 4\ncheck(f(2))", "test_two"),
    )
    assert done.verdicts == [PASS, PASS, PASS, FAIL]
    assert done.messages[3] == "wrong"


def test_a_name_that_is_looked_up_by_its_text_is_the_student_s_or_nobody_s(run):
    done = run(
        locked("limit = 10"),
        solution("def f(x):\n    return x\nlimit = 0"),
        asserts("assert globals()['f'](2) == 2 and globals()['limit'] == 10", "own"),
        asserts("np.zeros(1)", "module"),
        asserts("assert 'np' in globals(), 'no np'", "imported"),
    )
    assert done.verdicts[2:] == [PASS, PASS, FAIL]
    assert done.messages[4] == "no np"


def test_a_name_that_a_test_deleted_stays_the_instructor_s(run):
    done = run(
        asserts("limit = 3\ndel limit", "one"),
        solution("limit = 99"),
        asserts("limit", "two"),
    )
    assert done.messages[2] == "NameError: name 'limit' is not defined"


def test_a_name_is_fetched_anew_for_each_test(run):
    done = run(
        solution("x = 1", "one"),
        asserts("assert x == 1", "test_one"),
        solution("x = 2", "two"),
        asserts("assert x == 2", "test_two"),
        solution("del x", "three"),
        asserts("x", "test_three"),
    )
    assert done.verdicts[:5] == [PASS] * 5
    assert done.messages[5] == "NameError: name 'x' is not defined"


def test_a_function_of_an_earlier_test_finds_the_student_s_names_of_now(run):
    done = run(
        solution("def f(x):\n    return x", "one"),
        asserts("def check(y):\n    return f(1) == y\nassert check(1)", "test_one"),
        solution("def f(x):\n    return x + 1", "two"),
        asserts("assert check(2)\nassert not check(1)", "test_two"),
    )
    assert done.verdicts == [PASS] * 4


def test_a_function_of_a_locked_cell_finds_what_the_student_defines_afterwards(run):
    done = run(
        locked("def total(n):\n    return sum(f(i) for i in range(n))"),
        solution("def f(x):\n    return 2 * x"),
        asserts("assert total(4) == 12"),
    )
    assert done.verdicts == [PASS] * 3


def test_a_test_may_convert_a_student_s_value_under_its_own_name(run):
    done = run(
        solution("theta = [1.0, 2.0]"),
        asserts("import numpy as np\ntheta = np.asarray(theta)\nassert theta.sum() == 3", "one"),
        asserts("assert theta.shape == (2,)", "two"),
        asserts("theta = [t * 2 for t in theta]\nassert theta == [2, 4]", "three"),
    )
    assert done.verdicts == [PASS] * 4


def test_a_value_that_a_test_sets_to_what_the_student_has_stays(run):
    done = run(
        solution("n = 5"),
        asserts("assert n > 0\nn = 5", "one"),
        asserts("assert n == 5", "two"),
    )
    assert done.verdicts == [PASS] * 3


def test_a_name_that_a_failed_test_was_to_define_is_not_the_student_s(run):
    done = run(
        solution("right = 0\ndef f():\n    raise ValueError"),
        asserts("right\nf()\nright = 42", "one"),
        asserts("assert 0 == right", "two"),
    )
    assert done.verdicts == [PASS, ERROR, ERROR]
    assert done.messages[2] == "NameError: name 'right' is not defined"


@pytest.mark.parametrize("name", ["np", "numpy", "math"])
def test_a_library_s_usual_name_is_never_the_student_s(run, name):
    done = run(
        solution(
            f"class Fake:\n    def __getattr__(self, n): return lambda *a: True\n{name} = Fake()"
        ),
        asserts(f"assert type({name}).__name__ == 'module'\nassert {name}.cos(0) == 1"),
    )
    assert done.verdicts == [PASS, PASS]


def test_a_builtin_is_never_the_student_s(run):
    done = run(
        solution("abs = lambda x: 0\nlen = lambda x: 3\nimport builtins\nbuiltins.sum = len"),
        asserts("assert abs(-2) == 2\nassert len([]) == 0\nassert sum([1, 2]) == 3"),
    )
    assert done.verdicts == [PASS, PASS]


def test_the_figure_of_an_answer_is_there_for_a_test_that_asks_for_nothing_else(judged):
    # The usual backend closes figures after each cell.
    draw = "import matplotlib.pyplot as plt\nplt.switch_backend('agg')\nplt.plot([1, 2], [3, 4])"
    look = "assert [*plt.gca().lines[0].get_ydata()] == {}"
    done, _ = judged(
        solution(draw),
        asserts(look.format([3, 4]), "drawn"),
        asserts(look.format([3, 5]), "not_drawn"),
        imports="import matplotlib.pyplot as plt",
    )
    assert done.verdicts == [PASS, PASS, FAIL]


def test_what_a_student_does_to_a_library_stays_with_the_student(run):
    done = run(
        solution("import numpy as np\nnp.allclose = lambda *a, **k: True\nnp.testing = None"),
        asserts("import numpy as np\nassert not np.allclose(1, 2)\nnp.testing.assert_equal(1, 1)"),
    )
    assert done.verdicts == [PASS, PASS]


def test_what_the_assignment_imports_is_there_before_anything_of_the_student_s(judged):
    done, _ = judged(
        solution("sqrt = lambda x: 'fake'\nimport math as m"),
        asserts("assert sqrt(4) == 2"),
        imports="from math import sqrt\nimport no_such_module\nfrom math import nothing",
    )
    assert done.verdicts == [PASS, PASS]


def test_a_module_that_the_student_imported_is_the_judge_s_own(run):
    done = run(
        solution("import statistics\nstatistics.mean = lambda x: 0"),
        asserts("assert statistics.mean([1, 3]) == 2"),
    )
    assert done.verdicts == [PASS, PASS]


def test_a_locked_cell_that_fails_in_the_judge_is_trouble_and_its_names_are_not_fetched(judged):
    done, execution = judged(
        locked(
            "if 'ZMQ' not in type(get_ipython()).__name__:\n    raise OSError('no data')\nlimit = 3"
        ),
        solution("limit = 3"),
        asserts("assert limit == 3"),
    )
    assert done.verdicts == [PASS, PASS, ERROR]
    assert "limit" in done.messages[2]
    assert len(execution.trouble) == 1
    assert "no data" in execution.trouble[0]


def test_magics_in_the_instructor_s_cells_do_no_harm(run):
    done = run(
        locked("%matplotlib inline\n%load_ext autoreload\n%autoreload 2\nlimit = 3"),
        solution("def f(x):\n    return 2 * x"),
        asserts("%%time\nassert f(limit) == 6", "one"),
        asserts("%time y = f(2)\nassert y == 4", "two"),
        asserts("%%capture out\nassert f(1) == 3, 'seen'", "three"),
    )
    assert done.verdicts == [PASS, PASS, PASS, PASS, FAIL]
    assert done.messages[4] == "seen"


def test_a_class_of_a_locked_cell_with_a_magic_is_known_as_any_other(run):
    done = run(
        locked(
            "%matplotlib inline\nclass Base:\n    pass\nclass OwnError(Exception):\n    pass\n"
            "def double(x):\n    return 2 * x"
        ),
        solution(
            "class Mine(Base):\n    pass\ndef f():\n    raise OwnError('x')\n"
            "def knows(g):\n    return g is double"
        ),
        asserts("assert isinstance(Mine(), Base)", "one"),
        asserts("try:\n    f()\nexcept OwnError:\n    pass", "two"),
        asserts("assert knows(double)", "three"),
    )
    assert done.messages == [""] * 5


def test_a_hidden_test_s_own_functions_are_not_asked_for(run):
    spy = (
        "from autograder.domains.student import Service\nasked, true = [], Service._find\n"
        "Service._find = lambda self, names: (asked.extend(names), true(self, names))[1]\n"
    )
    done = run(
        solution(f"{spy}def f(x):\n    return x"),
        asserts(
            "def canary(n):\n    return canary(n - 1) if n else later()\n"
            "def later():\n    return f(Kind)\nclass Kind(Exception):\n"
            "    def again(self):\n        return Kind()\ncanary(2) is Kind"
        ),
        solution("print(asked)"),
    )
    assert done.printed(2) == "['f']\n"


SCORES = {
    "0.5": 0.5,
    "1": 1.0,
    "2 / 4": 0.5,
    "np.float64(0.25)": 0.25,
    "np.float32(0.5)": 0.5,
    "np.int64(1)": 1.0,
    "given()": 0.75,
    "np.longdouble(0.5)": 0.5,
    "np.array(0.5)": 0.5,
    "np.array([[0.5]], 'f2')": 0.5,
    "np.array(0.5, object)": 0.5,
    "np.matrix([0.5])": 0.5,
    "np.ma.array([0.5])": 0.5,
    "given_array()": 0.75,
    "fractions.Fraction(1, 2)": 0.5,
    "decimal.Decimal('0.5')": 0.5,
    "-1": -1.0,
    "float('inf')": float("inf"),
    "10**400": float("inf"),
    "-(10**400)": -float("inf"),
    "float('nan')": "nan",
    "decimal.Decimal('sNaN')": "nan",
    "np.array([np.nan])": "nan",
    "np.ma.masked": "nan",
    "np.ma.masked_invalid([np.nan]).mean()": "nan",
}
#: What earns everything.
NOTHING = [
    "True",
    "np.True_",
    "np.array([True])",
    "None",
    "0.5;",
    "x = 0.5",
    "print(0.5)",
    "None_()",
]
#: What is no number, and what the author reads of it.
NO_NUMBERS = {
    "False": "False",
    "np.False_": "False",
    "np.array([False])": "False",
    "'0.5'": "a value of type str",
    "b'1'": "a value of type bytes",
    "[0.5]": "a value of type list",
    "1j": "a value of type complex",
    "np.complex128(1)": "a value of type complex128",
    "np.timedelta64(1, 's')": "a value of type timedelta64",
    "np.array([0.5, 0.5])": "a value of type ndarray and shape (2,)",
    "np.array([])": "a value of type ndarray and shape (0,)",
    "np.array(['0.5'])": "a value of type ndarray and shape (1,)",
    "np.array([1], 'm8[s]')": "a value of type ndarray and shape (1,)",
    "np.array(None)": "a value of type ndarray and shape ()",
    "np.void(b'1')": "a value of type void",
    "f": "an object of the student's code",
    "f()": "an object of the student's code",
    "Claims()": "an object of the student's code",
}
STUDENT = """
import numpy
class Score(float):
    def __repr__(self): return '1.0'
    def __float__(self): return 1.0
class Scores(numpy.ndarray):
    def item(self, *given): return 1.0
    def __array__(self, *given, **named): return numpy.ones(1)
class Claims:
    __class__ = float
    def __float__(self): return 1.0
    def __array__(self, *given, **named): return numpy.ones(1)
def given(): return Score(0.75)
def given_array(): return numpy.array([0.75]).view(Scores)
def None_(): return None
def f(): return f
"""


def test_the_points_are_the_number_that_the_last_expression_gives_and_nothing_else(judged):
    lasts = [*SCORES, *NOTHING, *NO_NUMBERS]
    imports = "import decimal, fractions\nimport numpy as np\n"
    cells = [asserts(imports + last, f"t{n}") for n, last in enumerate(lasts)]
    _, execution = judged(solution(STUDENT), *cells)
    assert {cell.verdict for cell in execution.cells} == {PASS}
    ended = dict(zip(lasts, execution.cells[1:], strict=True))
    points = {
        last: "nan" if one.points != one.points else one.points for last, one in ended.items()
    }
    assert points == {**SCORES, **dict.fromkeys([*NOTHING, *NO_NUMBERS])}
    found = {last: one.found for last, one in ended.items()}
    assert found == {**dict.fromkeys([*SCORES, *NOTHING], ""), **NO_NUMBERS}


def test_a_number_that_a_failed_test_ends_with_is_no_score(judged):
    _, execution = judged(solution("x = 1"), asserts("assert x == 2\n1.0"))
    assert execution.cells[1].points is None
    assert execution.cells[1].verdict is FAIL


def test_an_object_that_says_it_is_a_number_is_no_score(judged):
    # An honest member of the instructor's own class, too, says so.
    _, execution = judged(
        locked("import enum\nclass Level(enum.IntEnum):\n    LOW = 1"),
        solution("import enum\nclass Own(enum.IntEnum):\n    LOW = 1"),
        asserts("Level.LOW and Own.LOW", "one"),
        solution("low = Level.LOW"),
        asserts("low", "two"),
    )
    assert not execution.failure
    assert [cell.verdict for cell in execution.cells] == [PASS] * 5
    assert execution.cells[4].points is None
    assert execution.cells[4].found == "an object of the student's code"


CHANGING = """
def scaled(x):
    x *= 2
    return x + 0
def first(values):
    return values.pop(0)
def both(a, b):
    a[0] = b["new"] = 1
    return 3
"""


def test_an_answer_that_changes_what_it_is_given_passes_where_nobody_looks_at_that_again(run):
    done = run(
        solution(CHANGING),
        asserts("import numpy as np\nassert np.all(scaled(np.ones(3)) == 2)", "fresh"),
        asserts("x = np.ones(3)\nwanted = 2 * x\nassert np.all(scaled(x) == wanted)", "before"),
        asserts("x = [2]\nassert first(x) == 2\nx = [4]\nassert x[0] == 4", "named"),
        asserts("x = np.zeros(2)\nassert both(x, {}) == 3\ndel x", "deleted"),
        asserts(
            "X = np.arange(12.0).reshape(6, 2)\n"
            "parts = [scaled(X[i : i + 2])[0, 0] for i in range(0, len(X), 2)]\n"
            "assert parts == [0, 8, 16]",
            "batches",
        ),
        asserts(
            "def check(n):\n    for _ in range(n):\n        x = np.ones(2)\n"
            "        assert scaled(x)[0] == 2\ncheck(1_000)",
            "often",
        ),
    )
    assert done.messages == [""] * 7


def test_a_test_that_uses_what_was_changed_fails_though_it_catches_that(run):
    done = run(
        solution(CHANGING),
        asserts("import numpy as np\nx = np.ones(3)\ny = scaled(x)\nx.sum()", "used"),
        asserts("x = np.ones(3)\ny = scaled(x)\nassert not np.array_equal(x, [1, 2])", "in NumPy"),
        asserts(
            "x = [1, 2]\ny = first(x)\ntry:\n    sum(x)\nexcept TypeError:\n    pass", "in the test"
        ),
        asserts("x = [1, 2]\ny = first(x)\nx", "last"),
        asserts("import pytest\nwith pytest.raises(TypeError):\n    first(x)", "again"),
    )
    assert done.verdicts == [PASS, *[ERROR] * 5]
    for message in done.messages[1:]:
        assert message.startswith("Your function changed a")


SWAP = """
def swap(v, i, j):
    v[i], v[j] = v[j], v[i]
    return v


class Tool:
    def sort(self, v):
        v.sort()
        return len(v)
"""
#: Tests that throw the value away: what was changed is the answer.
IN_PLACE = {
    "line": "v = [1, 2, 3]\nswap(v, 0, 2)\nassert v == [3, 2, 1]",
    "method": "tool, v = Tool(), [2, 1]\ntool.sort(v)\nassert v == [1, 2]",
    "made there": "import numpy as np\nv = np.array([2, 1])\nTool().sort(v)\nassert v[0] == 1",
    "spread": "v = [1, 2, 3]\nswap(*[v, 0], j=2)\nassert v == [3, 2, 1]",
    "helper": (
        "def check(f):\n    v = [1, 2]\n    f(v, 0, 1)\n    assert v == [2, 1]\ncheck(swap)"
    ),
    "loop": "for v in ([1, 2], [3, 4]):\n    a = v[0]\n    swap(v, 0, 1)\n    assert v[1] == a",
    "value": "assert swap([1, 2, 3], 0, 2) == [3, 2, 1]",
}
#: Tests that have the value, or may have it: what was changed may be their oracle.
WITH_VALUE = {
    "named": "v = [1, 2]\nw = swap(v, 0, 1)\nassert v == [2, 1]",
    "in a list": "v, kept = [1, 2], []\nkept.append(swap(v, 0, 1))\nv[0]",
    "mapped": "vs, kept = [[1, 2]], []\nkept.extend(map(lambda v: swap(v, 0, 1), vs))\nvs[0][0]",
    "by a library": (
        "import functools\nvs, kept = [[1, 2]], []\n"
        "kept.extend(map(functools.partial(swap, i=0, j=1), vs))\nvs[0][0]"
    ),
    "in a condition": "v = [1, 2]\nswap(v, 0, 1) and None\nv[0]",
    "by a proxy": "v, kept = [1, 2], {}\nkept.setdefault(1, swap(v, 0, 1))\nv[0]",
}


def test_what_a_call_changed_is_seen_if_the_test_throws_its_value_away(run):
    tests = {**IN_PLACE, **WITH_VALUE}
    done = run(solution(SWAP), *[asserts(text, name) for name, text in tests.items()])
    said = dict(zip(tests, done.messages[1:], strict=True))
    assert {name: said[name] for name in IN_PLACE} == dict.fromkeys(IN_PLACE, "")
    assert {name for name, text in said.items() if text.startswith("Your function changed")} == {
        *WITH_VALUE
    }


def test_a_locked_cell_s_value_that_was_changed_stays_unusable(run):
    done = run(
        locked(
            "import numpy as np\nprices = np.ones(3)\n\n\ndef total(f):\n    return f(prices).sum()"
        ),
        solution(CHANGING),
        asserts("assert total(scaled) == 6", "one"),
        locked("prices = prices", "two"),
        asserts("assert prices.sum() == 3", "three"),
    )
    assert done.verdicts == [PASS] * 4 + [ERROR]
    assert done.messages[4].startswith("Your function changed an array")


def test_the_instructor_sees_what_a_test_printed_and_what_it_gave(run):
    done = run(
        solution("def f():\n    print('from the student')"),
        asserts("f()\nprint('from the test')\nimport sys\nprint('error', file=sys.stderr)\n0.5"),
    )
    assert done.printed(1) == "from the student\nfrom the test\n"
    assert [o.text for o in done.cells[1].outputs if o.get("name") == "stderr"] == ["error\n"]
    assert done.result(1) == "0.5"


def test_a_test_that_listens_to_what_is_printed_hears_the_student_s_code(run):
    listen = (
        "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    f()\n"
    )
    done = run(
        solution("def f():\n    print('hello')"),
        asserts(listen + "assert out.getvalue() == 'hello\\n'"),
    )
    assert done.verdicts == [PASS, PASS]


def test_files_that_the_student_s_code_writes_can_be_read_by_their_relative_names(run):
    done = run(
        solution(
            "import pathlib\npathlib.Path('early.txt').write_text('a')\n"
            "def save(name, text):\n    p = pathlib.Path(name)\n"
            "    p.parent.mkdir(parents=True, exist_ok=True)\n    p.write_text(text)"
        ),
        asserts("assert open('early.txt').read() == 'a'", "one"),
        asserts(
            "save('late.txt', 'b')\nassert open('late.txt').read() == 'b'\n"
            "save('logs/run/x.txt', 'c')\nassert open('logs/run/x.txt').read() == 'c'\n"
            "save('logs/run/y.txt', 'd')\nassert open('logs/run/y.txt').read() == 'd'\n"
            "save('late.txt', 'e')\nassert open('late.txt').read() == 'e'",
            "two",
        ),
        asserts(
            "import os, tempfile\nwhere = tempfile.mkdtemp()\nsave(os.path.join(where, 'x'), 'f')\n"
            "assert open(os.path.join(where, 'x')).read() == 'f'",
            "three",
        ),
    )
    assert done.messages == [""] * 4


def test_a_link_of_the_student_s_leads_nowhere_new(run):
    done = run(
        solution(
            "import os\nos.symlink('/proc/self/environ', 'env')\nos.symlink('/tmp/work', 'loop')\n"
            "os.symlink('/etc/passwd', 'passwd')\nprint(os.path.exists('passwd'))"
        ),
        asserts("import os\nprint(os.path.exists('passwd'))"),
    )
    assert done.printed(0) == "False\n"
    assert done.printed(1) == "False\n"


SHADOWS = "import sys\nsys.modules['__main__'].TAKEN = True\nvalue = 'the student s'\n"


def test_a_module_beside_the_student_s_notebook_is_not_run_by_the_judge(judged):
    done, _ = judged(
        solution(
            f"open('late.py', 'w').write({SHADOWS!r})\nimport os\nos.makedirs('package')\n"
            f"open('package/__init__.py', 'w').write({SHADOWS!r})\nimport helper, late\n"
            "print(helper.value)"
        ),
        asserts("import helper\nassert helper.value == 'the instructor s'", "one"),
        asserts("import late", "two"),
        asserts("import package", "three"),
        asserts("import colorsys\nassert colorsys.ONE_THIRD", "four"),
        asserts("import sys\nassert 'TAKEN' not in vars(sys.modules['__main__'])", "five"),
        files={"helper.py": SHADOWS.encode(), "colorsys.py": SHADOWS.encode()},
        instructor_files=(("helper.py", b"value = 'the instructor s'"),),
    )
    assert done.printed(0) == "the student s\n"
    assert done.verdicts == [PASS, PASS, ERROR, ERROR, PASS, PASS]
    assert "No module named 'late'" in done.messages[2]


def test_not_even_where_the_working_directory_is_on_the_path(judged):
    done, _ = judged(
        solution("def f(): pass"),
        asserts(
            "import sys, os\nsys.path.insert(0, os.getcwd())\nsys.path.insert(0, '.')\nf()", "a"
        ),
        asserts("import late", "b"),
        asserts("import sys\nassert 'TAKEN' not in vars(sys.modules['__main__'])", "c"),
        files={"late.py": SHADOWS.encode()},
    )
    assert done.verdicts[3] is PASS
    assert done.verdicts[2] is ERROR


CACHED = """
import importlib._bootstrap_external as external, importlib.util, os
code = external._code_to_hash_pyc(compile(SHADOWS, "x", "exec"), b"8" * 8, False)
for folder in (".", "/tmp"):
    os.makedirs(f"{folder}/__pycache__", exist_ok=True)
    with open(importlib.util.cache_from_source(f"{folder}/helper.py"), "wb") as file:
        file.write(code)
"""


def test_what_is_kept_compiled_beside_the_notebook_is_not_run_for_the_instructor_s(judged):
    done, _ = judged(
        solution(f"SHADOWS = {SHADOWS!r}{CACHED}"),
        asserts(
            "import os, sys\nsys.path.insert(0, os.getcwd())\nimport helper\n"
            "assert helper.value == 'the instructor s', helper.value",
            "one",
        ),
        asserts("import sys\nassert 'TAKEN' not in vars(sys.modules['__main__'])", "two"),
        instructor_files=(("helper.py", b"value = 'the instructor s'"),),
    )
    assert done.messages == [""] * 3


def test_after_a_crash_what_tests_defined_is_there_again_and_not_the_student_s(run):
    done = run(
        locked("limit = 10"),
        solution("import os\ndef f(x): return 0\ndef die(): os._exit(1)", "one"),
        asserts("expected = 4\ndef check(x):\n    assert x == expected, 'wrong'", "test_one"),
        asserts("right = 7\ndie()\nwrong = 1", "test_two"),
        solution("expected = right = limit = wrong = 0\ndef check(x): pass", "two"),
        asserts("check(f(1))", "test_three"),
        asserts("assert limit == 10", "test_four"),
        asserts("assert f(1) == right", "test_five"),
        asserts("assert f(1) == wrong", "test_six"),
    )
    assert done.verdicts[:5] == [PASS, PASS, PASS, Verdict.CRASH, PASS]
    assert done.messages[5] == "wrong"
    assert done.verdicts[6] is PASS
    assert done.messages[7] == "NameError: name 'right' is not defined"
    assert done.messages[8] == "NameError: name 'wrong' is not defined"
