"""Authors are told in words what a test cannot do across the two processes, and only that."""

import re
from pathlib import Path

import nbformat
import pytest

from autograder.verify.lint import advise
from tests.autograder.building import asserts, code, marked, notebook, solution
from tests.autograder.test_authoring import EXAMPLES

ROOT = Path(__file__).parents[3]
ANSWER = """
class Net:
    def __init__(self):
        self.W, self.log = np.zeros(2), []
    def predict(self, x):
        return x @ self.W
class BankruptError(Exception):
    pass
def train(net, *more):
    return net
def build(units):
    return make(units)
total = 5
"""


def advice(test, *, answer=ANSWER, locked="import numpy as np\nimport keras", before=""):
    """Return what is said about one test cell."""
    cells = [marked(locked, "setup", locked=True), solution(answer, "answer")]
    cells += [marked(before, "between", locked=True)] if before else []
    return advise(notebook(*cells, asserts(test)))


CHANGED = "is changed in place"
SOURCE = "source is read"
COMPARED = "is compared"
FILE = "lets a file that a student may have written run code"
GIVEN = "cannot be given to the student's code"
UNSEEN = "cannot see a file that a test writes"
SAID_LITTLE = "students read 'A hidden test failed.' and no more"


def hidden(line):
    return f"### BEGIN HIDDEN TESTS\n{line}\n### END HIDDEN TESTS"


@pytest.mark.parametrize(
    ("test", "found", "line"),
    [
        ("net = Net()\nnet.W[0] += 1", CHANGED, 2),
        ("net = Net()\nnet.W[0] = 1", CHANGED, 2),
        ("net = Net()\ndel net.log[0]", CHANGED, 2),
        ("net = Net()\nnet.log.append(1)", CHANGED, 2),
        ("model = build(3)\nmodel.layers[0].kernel.assign(x)", CHANGED, 2),
        ("for layer in build(3).layers:\n    layer.kernel.assign(x)", CHANGED, 2),
        ("net = Net()\nnp.fill_diagonal(net.W, 0)", CHANGED, 2),
        ("net = Net()\nnp.add(1, 2, out=net.W)", CHANGED, 2),
        ("assert 'train' in In[3]", SOURCE, 1),
        ("past = get_ipython().history_manager.input_hist_raw", SOURCE, 1),
        ("net = Net()\nassert net != 3", COMPARED, 2),
        ("assert [1] == Net()", COMPARED, 1),
        (
            "m = build(3)\nassert m.layers[0].activation is keras.activations.relu",
            "never the one",
            2,
        ),
        ("assert len(globals()) > 5", "`globals()` gives the judge's names", 1),
        ("assert eval('total') == 5", "names in the text of `eval`", 1),
        ("import pickle\nx = pickle.load(f)", FILE, 2),
        ("x = np.load('x.npy', allow_pickle=True)", FILE, 1),
        ("m = keras.models.load_model('m.keras')", FILE, 1),
        ("import importlib.util as u\nspec = u.spec_from_file_location('m', 'm.py')", FILE, 2),
        ("m = SourceFileLoader('m', 'm.py').load_module()", FILE, 1),
        ("import imp\nimp.load_source('m', 'm.py')", FILE, 2),
        ("x = 1\n%run m.py", FILE, 2),
        ("get_ipython().run_line_magic('run', 'm.py')", FILE, 1),
        ("get_ipython().safe_execfile('m.py', {})", FILE, 1),
        ("import runpy\nnames = runpy.run_path('m.py')", FILE, 2),
        ("exec(open('m.py').read())", FILE, 1),
        ("code = compile(Path('m.py').read_text(), 'm', 'exec')", FILE, 1),
        ("zipimport.zipimporter('m.zip').load_module('m')", FILE, 1),
        ("import site\nsite.addsitedir('.')", FILE, 2),
        ("subprocess.run(['python', 'm.py'])", FILE, 1),
        ("subprocess.check_output([sys.executable, '-m', 'm'])", FILE, 1),
        ("x = 1\n!python m.py", FILE, 2),
        ("yaml.unsafe_load(text)", FILE, 1),
        ("with tf.GradientTape() as tape:\n    y = train(x)", "gradient is None", 1),
        ("train(types.SimpleNamespace(x=3))", GIVEN, 1),
        ("train(net=open('f'))", GIVEN, 1),
        ("class Mine:\n    pass\ntrain(Mine())", GIVEN, 3),
        ("np.save('x.npy', x)\ntrain(3)", UNSEEN, 1),
        ("with open('x.txt', 'w') as f:\n    f.write('x')\ntrain(3)", UNSEEN, 1),
        (hidden("assert total == 5"), SAID_LITTLE, 2),
        (hidden("np.testing.assert_allclose(total, 5)"), SAID_LITTLE, 2),
    ],
)
def test_what_cannot_cross_is_said_with_its_line_and_a_way_out(test, found, line):
    (one,) = {(each.line, each.found, each.instead) for each in advice(test)}
    assert found in one[1]
    assert one[0] == line
    assert one[2][0].isupper()


@pytest.mark.parametrize(
    "test",
    [
        "net = Net()\nw = net.W\nw[0] += 1\nnet.W = w\nassert net.predict(w) == 3",
        "net = Net()\nassert net is not None and hasattr(net, 'W')\nassert net.log == []",
        "mine = []\nmine.append(train(3))\nmine[0] = 4\nassert mine",
        "assert isinstance(train(np.ones(3)), np.ndarray) and train(2) == 4 and not train(0)",
        "with open('log.txt') as log:\n    assert log.read()",
        "re.compile(open('words.txt').read())",
        "ast.literal_eval(open('literal.txt').read())",
        "subprocess.run(['cat', 'answer.json'])",
        "train(3)\nnp.save('mine.npy', [1])",
        "net = Net()\nnet.save('x')\ntrain(net)",
        "try:\n    train(-1)\nexcept ValueError as error:\n    assert 'x' in str(error)",
        "assert build(3).layers[0].activation.__name__ == 'relu'",
        "model = build(2)\nmodel.trainable = False",
        "assert total == 5",
        "assert 'total' in globals() and get_ipython().user_ns['total'] == 5",
        "net = Net()\nassert net == Net() and net != None and not net < Net()",
        "net = Net()\nassert train and type(net) is Net and 'W' in vars(net)",
        "try:\n    train(3)\nexcept BankruptError:\n    pass",
        "import inspect\ntext = inspect.getsource(train) + str(train.__code__.co_names)",
        "assert isinstance(train(3), Net) and train(x for x in range(3)) == 3",
        "with tf.GradientTape() as tape:\n    y = x**2\ng = tape.gradient(y, train(x))",
        "ax = train(3)\nassert ax.figure.gca().lines",
        "import matplotlib.pyplot as plt\ntrain(3)\nassert plt.gca().lines",
        "import sys\nsys.argv = ['x']\n%matplotlib inline",
        hidden(
            "assert total == 5, 'It is wrong.'\nnp.testing.assert_equal(total, 5, err_msg='No.')"
        ),
        "def check(n):\n    assert train(n) == n\ncheck(3)",
        "this is no Python",
    ],
)
def test_what_can_cross_is_not_complained_about(test):
    assert advice(test) == []


def test_a_name_of_the_answer_that_an_earlier_cell_of_the_instructor_has_is_named():
    (one,) = advice("assert rate == 2", answer="rate = 2", locked="rate = 1")
    assert (
        "`rate` is defined by the answer in answer and by the instructor's cell setup" in one.found
    )


def test_a_name_that_the_instructor_sets_after_the_answer_means_the_same_everywhere():
    assert advice("assert rate == 2", answer="rate = 1", before="rate = 2") == []


def test_an_answer_with_the_name_of_a_builtin_is_named():
    (one,) = advice("assert sum([1]) == 1", answer="def sum(x):\n    return x")
    assert "`sum`, which cell answer defines, is Python's own in a test" in one.found


def test_a_name_that_a_test_sets_for_the_answer_is_named():
    answer = "def tax(x):\n    return rate * x"
    (one,) = advice("x = 1\nrate = 2\nassert tax(x) == 2", answer=answer)
    assert (one.line, str(one)[:8]) == (2, "test, li")
    assert "`rate` is set here and read by the answer in answer" in one.found
    assert advice("assert tax(1) == 2", answer=answer, locked="rate = 2") == []


@pytest.mark.parametrize("line", ["from math import erf", "import helpers as erf", "import erf"])
def test_an_import_that_only_the_answer_has_and_a_test_uses_is_named(line):
    answer = f"import numpy as np\n{line}\ndef phi(x):\n    return erf(x)"
    test = "y = np.ones(2)\nassert phi(0.3) == erf(0.3)"
    (one,) = advice(test, answer=answer, locked="")
    assert (one.line, one.cell) == (2, "test")
    assert "`erf` is imported by the answer in answer only" in one.found
    assert advice(f"{line}\n{test}", answer=answer, locked="") == []
    assert advice(test, answer=answer, locked=line) == []
    assert advice("assert phi(0.3) == 1", answer=answer, locked="") == []
    inside = f"def phi(x):\n    {line}\n    return erf(x)"
    assert advice(test, answer=inside, locked="import numpy as np") == []


def test_an_import_of_a_plain_cell_is_the_judge_s_own():
    cells = [code("from math import erf"), solution("from math import erf", "answer")]
    assert advise(notebook(*cells, asserts("assert erf(0) == 0"))) == []


def test_a_helper_that_a_student_can_change_is_named():
    plain = code("def expected(x):\n    return 2 * x\nx0 = 3")
    answer = solution("def double(x):\n    return x + x", "answer")
    test = asserts("assert double(x0) == expected(x0)")
    (said,) = advise(notebook(plain, answer, test))
    assert "`expected` is defined in cell number 1, which is not locked" in said.found
    locked = marked("def expected(x):\n    return 2 * x", "later", locked=True)
    assert not advise(notebook(plain, answer, locked, test))


@pytest.mark.parametrize(
    "line",
    [
        "rng = np.random.default_rng(3)",
        "np.random.seed(42)",
        "rng = np.random.RandomState(0)",
        "keras.utils.set_random_seed(1)",
    ],
)
def test_a_constant_seed_of_hidden_inputs_is_named(line):
    (one,) = advice(hidden(line))
    assert "constant seed" in one.found
    assert advice(line) == []  # in the open a seed may be constant
    assert advice(hidden(re.sub(r"\d+", "drawn", line)), before="drawn = 1") == []


@pytest.mark.parametrize("width", ["2e-5", "0.002"])
def test_an_oracle_that_is_a_finite_difference_is_named(width):
    lines = f"right = (np.sin(1 + 1e-5) - np.sin(1 - 1e-5)) / {width}"
    (one,) = advice(hidden(lines))
    assert "finite difference" in one.found
    assert advice(lines) == []  # as a first check, students may see it
    for other in (
        "right = np.imag(np.sin(1 + 1e-20j)) * 1e20",
        "slope = (total - least) / 2",
        "share = (total + least) / 0.002",
        "step = (total - least) / width",
    ):
        assert advice(hidden(other), before="least = width = 2") == []


def test_a_cell_that_is_no_python_keeps_no_other_from_being_looked_at():
    broken = [code("if 1:\n        a\n    b\n"), code("def f(:")]
    cells = [*broken, code("import numpy as np\nnet = make()"), asserts("net.W[0] = 1")]
    (one,) = advise(notebook(*cells))
    assert CHANGED in one.found


def test_what_an_unmarked_cell_defines_is_the_student_s():
    cells = [code("import numpy as np\nnet = make()"), asserts("net.W[0] = 1")]
    (one,) = advise(notebook(*cells))
    assert CHANGED in one.found


@pytest.mark.parametrize("example", [pytest.param(one, id=one.title) for one in EXAMPLES])
def test_the_page_for_authors_and_the_advice_agree(example):
    assert advise(notebook(*example.cells())) == []
    if "cannot" in example.blocks:
        assert advise(notebook(*example.cells(test="cannot")))


@pytest.mark.slow
def test_the_course_s_own_assignments_need_no_advice():
    sources = sorted((ROOT / "assignments" / "source").glob("*/*.ipynb"))
    assert sources
    for path in sources:
        assert advise(nbformat.read(path, as_version=4)) == [], path.name
