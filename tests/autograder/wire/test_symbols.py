"""SymPy's expressions arrive as they were, and no text of theirs is ever run."""

import pytest
import sympy as sp

from autograder import wire
from autograder.wire import WireError
from tests.autograder.crossing import across, proxy, refuse

x, y = sp.symbols("x y")
f = sp.Function("f")
EXPRESSIONS = [
    *(x**2 + 2 * x, 1 / (x + 1), x - y, sp.Add(x, x, evaluate=False), sp.sqrt(2), sp.cos(2)),
    *(sp.Integer(3), sp.Rational(1, 2), sp.Float("0.1", 30), sp.Float("-2.5"), sp.Integer(10**40)),
    *(sp.pi, sp.E, sp.I, sp.oo, -sp.oo, sp.zoo, sp.nan, sp.true, sp.GoldenRatio),
    *(sp.Symbol("p", positive=True), sp.Symbol("x'"), sp.Symbol("\\alpha_{1}")),
    *(f(x).diff(x), sp.Integral(x, (x, 0, 1)), sp.Sum(x, (x, 1, 3)), sp.Lambda(x, x**2)),
    *(sp.Piecewise((x, x > 0), (0, True)), sp.Max(x, y), sp.Abs(x), sp.factorial(x), sp.Mod(x, 2)),
    *(sp.Eq(x, y), sp.And(x > 0, y > 0), sp.Not(sp.Symbol("b")), sp.Subs(x * y, x, 1)),
    *(sp.FiniteSet(1, 2), sp.Interval.open(0, sp.oo), sp.S.Reals, sp.S.EmptySet, sp.Tuple(1, 2)),
    sp.solveset(sp.sin(x), x),
    *(sp.Matrix([[1, x]]), sp.ImmutableMatrix([[1]]), sp.SparseMatrix([[0, 1]])),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_an_expression_arrives_as_it_was(expression):
    arrived = across(expression)
    assert type(arrived) is type(expression)
    assert arrived == expression
    assert sp.srepr(arrived) == sp.srepr(expression)


def test_a_dummy_is_the_same_each_time():
    dummy = sp.Dummy("d")
    assert across(dummy) == dummy
    assert across(dummy) != sp.Dummy("d")


class Liar(sp.Symbol):
    def __eq__(self, other):
        return True

    __hash__ = sp.Symbol.__hash__


class Own(sp.Function):
    pass


@pytest.mark.parametrize(
    "expression",
    [
        sp.Poly(x**2 + 1, x),
        sp.rootof(x**5 - x - 1, 0),
        Own(x),
        Liar("x"),
        Liar("x") + 1,
        sp.Symbol("print(1)"),
        sp.Symbol("a.b"),
        sp.Symbol("a[0]"),
        sp.Function("eval")(x),
        sp.Function("load")(x),
        sp.Function("sympify")(x),
        sp.Function("__import__")(x),
        sp.Matrix([[sp.Function("exec")(x)]]),
    ],
    ids=str,
)
def test_what_is_on_no_list_is_a_proxy(expression):
    assert "proxy" in across(expression, proxy, dict.copy)


def test_a_matrix_is_changed_in_place():
    original = sp.Matrix([[1, 2]])
    wire.rewrite(original, across(sp.Matrix([[x], [3]])))
    assert original == sp.Matrix([[x], [3]])
    assert original.shape == (2, 1)


SYMBOL = ["symbol", "x", None, ["dict"]]


@pytest.mark.parametrize(
    "tree",
    [
        ["node", "eval", SYMBOL],
        ["node", "sympify", SYMBOL],
        ["node", "lambdify", SYMBOL],
        ["node", "Function", SYMBOL],
        ["node", "WildFunction", SYMBOL],
        ["node", "Symbol", SYMBOL],
        ["node", 5, SYMBOL],
        ["node", "Add", "__import__('os')"],
        ["node", "sin", "x"],
        ["node", "sin", SYMBOL, SYMBOL],
        ["node", "Add", ["constant", "true"]],
        ["node", "Add", ["same", 0]],
        ["node", "sin", ["list", SYMBOL]],
        ["node", "Derivative", ["rational", 1, 1], ["rational", 1, 1]],
        ["undefined", "exec", SYMBOL],
        ["undefined", "chr", SYMBOL],
        ["undefined", "f(x)", SYMBOL],
        ["undefined", "parse_expr", SYMBOL],
        ["undefined", "f", "x"],
        ["undefined", "f", ["same", 0]],
        ["symbol", "__import__('os').system('ls')", None, ["dict"]],
        ["symbol", "open()", None, ["dict"]],
        ["symbol", "x" * 1000, None, ["dict"]],
        ["symbol", "x", -1, ["dict"]],
        ["symbol", "x", "os", ["dict"]],
        ["symbol", "x", None, ["dict", "mine", True]],
        ["symbol", "x", None, ["dict", "positive", 1]],
        ["symbol", "x", None, ["dict", "positive", True, "negative", True]],
        ["rational", 1, 0],
        ["rational", 1.5, 2],
        ["rational", "1", "2"],
        ["float number", 1, 10**9, 53],
        ["float number", 1, 0, 10**9],
        ["float number", "1", 0, 53],
        ["constant", "sympify"],
        ["constant", ["list"]],
        ["expressions", "MutableDenseMatrix", 2, 1, SYMBOL],
        ["expressions", "MutableDenseMatrix", -1, -1, SYMBOL],
        ["expressions", "MutableSparseMatrix", 10**9, 0],
        ["expressions", "MutableDenseMatrix", 1, 1, 5],
        ["expressions", "MutableDenseMatrix", 1, 1, ["same", 0]],
        ["expressions", "eval", 1, 1, SYMBOL],
    ],
    ids=repr,
)
def test_a_forgery_is_refused(tree):
    with pytest.raises(WireError, match="could not be read"):
        wire.decode(tree, [], refuse)


def test_an_expression_may_be_nested_as_deep_as_other_values():
    deep = x
    for _ in range(100):
        deep = sp.sin(deep)
    with pytest.raises(WireError, match="64 levels"):
        wire.encode(deep, refuse)
