"""Tests of library values earn in two processes what they earn in one."""

import pytest

from autograder.model import Verdict
from tests.autograder.building import asserts, marked, solution

pytestmark = pytest.mark.sandbox


def check(run, student, right, wrong, *before):
    """Grade an answer: it earns the points of the right tests, and none of the wrong ones."""
    sources = right + wrong
    tests = [asserts(each, f"t{n}") for n, each in enumerate(sources)]
    done = run(*before, solution(student), *tests, cell_seconds=60)  # to import a library
    first = len(before) + 1
    ended = zip(sources, done.verdicts[first:], done.messages[first:], strict=True)
    told = {source: message for source, verdict, message in ended if verdict is not Verdict.PASS}
    assert [*told] == wrong, told
    return told


STANDARD = """
import collections, datetime, decimal, enum, fractions, http, pathlib, re, types, urllib.parse, uuid
import zoneinfo
from collections import Counter, OrderedDict, defaultdict, deque
def count(words): return Counter(words)
def group(words):
    found = defaultdict(list)
    for word in words: found[len(word)].append(word)
    return found
def ones(): return defaultdict(lambda: 1, a=2)
def last(items, n): return deque(items, maxlen=n)
def push(queue, item): queue.append(item)
def order(): return OrderedDict(a=1, b=2)
def status(): return http.HTTPStatus.NOT_FOUND
def is_ok(code): return code is http.HTTPStatus.OK
def split(url): return urllib.parse.urlsplit(url)
def space(): return types.SimpleNamespace(success=True, x=[1.0])
def when(): return datetime.datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))
def add(a, b): return a + b
def spoil(counter):
    counter["x"] = 9
    return 9
class Liar(Counter):
    def most_common(self, n=None): return [("egg", 3)]
    def __eq__(self, other): return True
    __hash__ = None
liar = Liar("x")
"""


def test_values_of_python_s_own_library(run):
    right = [
        "assert count(['a', 'b', 'a']).most_common(1) == [('a', 2)] and count('')['none'] == 0",
        "found = group(['a', 'bc'])\nassert found[1] == ['a'] and found[7] == [] and 7 in found",
        "found = ones()\nassert found['b'] == 1 and found == {'a': 2, 'b': 1}",
        "found = last(range(9), 3)\nassert found.maxlen == 3 and list(found) == [6, 7, 8]",
        (
            "import collections\nqueue = collections.deque([1])\npush(queue, 2)\n"
            "assert queue == collections.deque([1, 2])"
        ),
        "found = order()\nfound.move_to_end('a')\nassert list(found) == ['b', 'a']",
        "import http\nassert status() is http.HTTPStatus.NOT_FOUND and is_ok(http.HTTPStatus.OK)",
        "assert split('http://a/b').netloc == 'a' and split('http://a').geturl() == 'http://a'",
        "assert space().success and space().x == [1.0]",
        (
            "import datetime\nassert when().utcoffset() == datetime.timedelta(hours=2)\n"
            "assert add(when(), datetime.timedelta(1)).day == 2"
        ),
        "from decimal import Decimal\nassert add(Decimal('0.1'), Decimal('0.2')) == Decimal('0.3')",
        "from fractions import Fraction\nassert add(Fraction(1, 3), 1) == Fraction(4, 3)",
        "assert add(2**200, 1) == 2**200 + 1 and add(1j, 1) == 1 + 1j",
    ]
    wrong = [
        "assert liar.most_common(1) == [('egg', 3)]",
        "assert liar == {'egg': 3}",
        "from collections import Counter\nmine = Counter()\nassert spoil(mine) == mine['x']",
    ]
    check(run, STANDARD, right, wrong)


ARRAYS = """
import numpy as np
def product(a, b): return a * b
def people(): return np.array([("ann", 30), ("bob", 40)], dtype=[("name", "U5"), ("age", "i4")])
def days(): return np.array(["2026-01-01", "NaT"], dtype="M8[D]")
def as_records(): return people().view(np.recarray)
def average(masked): return masked.mean()
def zero(m): m[0, 0] = 0
def points(): return np.ma.array([1.0, 2.0])
def count(masked): return int(masked.mask.sum())
hidden = np.ma.array([1, 2], mask=True)
class Liar(np.matrix):
    def __eq__(self, other): return np.matrix([[True, True]])
    def __array_finalize__(self, other): pass
liar = np.zeros((1, 2)).view(Liar)
"""


def test_arrays_of_numpy_s_further_kinds(run):
    right = [
        (
            "import numpy as np\nm = np.matrix([[1, 2], [3, 4]])\n"
            "assert (product(m, m) == np.array([[7, 10], [15, 22]])).all()"
        ),
        "assert people()['age'].tolist() == [30, 40] and people()[0]['name'] == 'ann'",
        "assert people().dtype.names == ('name', 'age') and people()['age'].mean() == 35",
        "assert as_records().age[1] == 40 and as_records()[0].name == 'ann'",
        "assert np.isnat(days()[1]) and days()[0] == np.datetime64('2026-01-01')",
        (
            "given = np.ma.array([1.0, 2.0, 9.0], mask=[False, False, True])\n"
            "assert average(given) == 1.5 and count(given) == 1"
        ),
        "m = np.matrix([[1, 2]])\nzero(m)\nassert m.tolist() == [[0, 2]]",
        "assert np.allclose(points(), [1, 2]) and not points().mask.any()",
    ]
    wrong = [
        "assert (liar == np.array([1, 2])).all()",
        "np.testing.assert_array_equal(hidden, [5, 6])",
        "assert (hidden == np.array([5, 6])).all()",
    ]
    check(run, ARRAYS, right, wrong)


SCIPY = """
import numpy as np
import scipy.sparse as sp
from scipy import optimize, stats
def square(m): return m @ m
def laplace(n): return sp.diags([1.0, -2.0, 1.0], [-1, 0, 1], shape=(n, n), format="csr")
def fit(f, x): return optimize.minimize(f, x)
def clear(m): m.data[:] = 0
def line(x, y): return stats.linregress(x, y)
class Liar(sp.csr_matrix):
    def toarray(self, *given): return np.eye(2)
    def __ne__(self, other): return sp.csr_matrix((2, 2))
liar = Liar((2, 2))
class Result(optimize.OptimizeResult):
    @property
    def x(self): return [1.0, 1.0]
result = Result(success=True)
"""


def test_sparse_matrices_and_results(run):
    right = [
        (
            "import numpy as np\nimport scipy.sparse as sp\n"
            "assert np.allclose(square(2 * sp.eye(3)).toarray(), 4 * np.eye(3))"
        ),
        "assert laplace(4).nnz == 10 and laplace(4)[0, 0] == -2 and sp.issparse(laplace(4))",
        "assert (laplace(3) != laplace(3)).nnz == 0 and np.allclose(laplace(3).sum(), -2)",
        (
            "res = fit(lambda x: ((x - 1) ** 2).sum(), np.zeros(2))\n"
            "assert res.success and np.allclose(res.x, 1, atol=1e-4) and res['fun'] < 1e-6"
        ),
        "m = sp.eye(2, format='csr')\nclear(m)\nassert m.sum() == 0",
        (
            "found = line([1, 2, 3], [2, 4, 6])\nslope, *_ = found\n"
            "assert np.isclose(found.slope, 2) and slope == found[0]\n"
            "assert found.intercept_stderr < 1e-9"
        ),
    ]
    wrong = [
        "assert np.allclose(liar.toarray(), np.eye(2))",
        "assert (liar != sp.eye(2)).nnz == 0",
        "assert np.allclose(result.x, 1)",
    ]
    check(run, SCIPY, right, wrong)


SYMPY = """
f = x**2 + 2*x
df_ = sp.diff(f, x)
roots = sp.solve(f, x)
def area(a, b): return sp.integrate(f, (x, a, b))
def square(e): return e**2
def solve(equation, f): return sp.dsolve(equation, f)
M = sp.Matrix([[1, 2], [3, 4]])
def clear(m): m[0, 0] = 0
class Liar(sp.Symbol):
    def __eq__(self, other): return True
    __hash__ = sp.Symbol.__hash__
    def subs(self, *given): return 8
liar = Liar("x")
from sympy.core.function import UndefinedFunction
call = UndefinedFunction("exec")(UndefinedFunction("chr")(50))
name = sp.Symbol("__import__('builtins').exit()")
"""


def test_expressions_of_sympy(run):
    right = [
        "assert df_ == 2*x + 2 and sp.simplify(df_ - (2*x + 2)) == 0",
        "assert set(roots) == {0, -2} and area(0, 3) == 18",
        "assert square(y) == y**2 and square(x + y).expand() == x**2 + 2*x*y + y**2",
        "assert f.subs(x, 2) == 8 and float(f.subs(x, 1)) == 3.0",
        "g = sp.lambdify(x, df_)\nassert g(1) == 4",
        "assert M.det() == -2 and M.shape == (2, 2) and M == sp.Matrix([[1, 2], [3, 4]])",
        (
            "u = sp.Function('u')\nC = sp.Symbol('C1')\n"
            "assert solve(u(x).diff(x) - u(x), u(x)) == sp.Eq(u(x), C * sp.exp(x))"
        ),
        "m = sp.Matrix([[1]])\nclear(m)\nassert m[0, 0] == 0",
    ]
    wrong = [
        "assert liar == 5",
        "assert liar == x",
        "sp.lambdify(x, call)(1)",
        "sp.lambdify(x, name)(1)",
    ]
    setup = marked("import sympy as sp\nx, y = sp.symbols('x y')", "setup", locked=True)
    check(run, SYMPY, right, wrong, setup)


SKLEARN = """
import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
X = np.arange(12.0).reshape(6, 2)
y = np.array([0, 0, 0, 1, 1, 1])
def build(): return make_pipeline(StandardScaler(), LogisticRegression(C=5.0))
def train(model): return model.fit(X, y)
def fit(model): model.fit(X, y)
def score(model): return cross_val_score(model, X, y, cv=2).mean()
tree = DecisionTreeClassifier(random_state=0).fit(X, y)
class Liar(LinearRegression):
    def score(self, X, y): return 1.0
    def __eq__(self, other): return True
liar = Liar().fit(X, -y)
"""


def test_estimators_of_scikit_learn(run):
    right = [
        "from sklearn.base import clone\nassert clone(build())[-1].C == 5.0",
        (
            "from sklearn.linear_model import LogisticRegression\n"
            "assert isinstance(build()[-1], LogisticRegression) and len(build()) == 2"
        ),
        "assert (train(build()).predict(X) == y).all() and train(build()).score(X, y) == 1",
        "assert 0 < score(LogisticRegression()) <= 1",
        "model = LogisticRegression()\nfit(model)\nassert (model.predict(X) == y).all()",
        "assert (tree.predict(X) == y).all() and tree.get_depth() == 1",
    ]
    wrong = ["assert liar == LogisticRegression()"]
    setup = marked("from sklearn.linear_model import LogisticRegression", "setup", locked=True)
    check(run, SKLEARN, right, wrong, setup)
