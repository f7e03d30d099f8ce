"""Carries SymPy's expressions, sets and matrices: each node by a constructor from a closed list."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from autograder.wire.codec import CHANGE, LATER, In, Out, Put
from autograder.wire.libraries import READ, library, made
from autograder.wire.limits import MAX_NODES, check_nodes

#: How symbols may be called. `lambdify` writes names into code: none may hold a call.
_SYMBOL = re.compile(r"\\?[^\W\d][\w{}^,*+-]{0,100}'{0,3}")
#: Functions without a definition: besides, no library's and none of Python's.
_FUNCTION = re.compile(r"[^\W\d_]\w{0,5}")
_NAMESPACES = (
    *("numpy", "numpy.linalg", "scipy", "scipy.special", "sympy", "math", "cmath", "mpmath"),
    *("tensorflow", "jax", "torch", "cupy", "numexpr"),
)
#: What there is one of, by the name of its class and of it.
CONSTANTS = {
    name: name
    for name in (
        *("Pi", "Exp1", "ImaginaryUnit", "Infinity", "NegativeInfinity", "ComplexInfinity"),
        *("NaN", "GoldenRatio", "EulerGamma", "Catalan", "TribonacciConstant", "EmptySet"),
        *("UniversalSet", "Reals", "Integers", "Naturals", "Naturals0", "Rationals", "Complexes"),
    )
} | {"BooleanTrue": "true", "BooleanFalse": "false"}
#: What is made of its parts as they are, without calculating anything.
_UNEVALUATED = (
    *(
        "Pow",
        "Eq",
        "Ne",
        "Lt",
        "Le",
        "Gt",
        "Ge",
        "And",
        "Or",
        "Not",
        "Xor",
        "Implies",
        "Equivalent",
    ),
    *("FiniteSet", "Union", "Intersection", "Complement", "Piecewise", "Max", "Min", "Mod"),
    *("Equality", "Unequality", "StrictLessThan", "LessThan", "StrictGreaterThan", "GreaterThan"),
)
_PLAIN = (
    *("Tuple", "Lambda", "Derivative", "Integral", "Sum", "Product", "Interval"),
    *("ConditionSet", "ImageSet", "ProductSet", "Subs", "UnevaluatedExpr", "ExprCondPair"),
)
_SUMS = ("Add", "Mul")
_MATRICES = (
    *("MutableDenseMatrix", "ImmutableDenseMatrix"),
    *("MutableSparseMatrix", "ImmutableSparseMatrix"),
)
_MAX_DIGITS, _MAX_BITS = 1 << 20, 40_000


def _class(name: Any) -> Any:
    """Return the class of SymPy's that a closed list has under a name; None if it has none."""
    sp = library("sympy")
    if type(name) is not str:
        return None
    if name == "ExprCondPair":
        return sys.modules["sympy.functions.elementary.piecewise"].ExprCondPair
    found = getattr(sp, name, None)
    if name in (*_UNEVALUATED, *_PLAIN, *_SUMS):
        return found
    function = isinstance(found, type) and issubclass(found, sp.Function) and found.__name__ == name
    return found if function and found not in (sp.Function, sp.WildFunction) else None


def _is_free(name: Any) -> bool:
    """Tell whether a function without a definition may have a name: nothing else has it."""
    if type(name) is not str or not _FUNCTION.fullmatch(name) or hasattr(builtins, name):
        return False
    found = [sys.modules[module] for module in _NAMESPACES if module in sys.modules]
    return not any(name in vars(module) for module in found)


def _is_undefined(kind: type) -> bool:
    return any(base.__name__ == "AppliedUndef" for base in kind.__mro__)


def _knows(value: Any) -> bool:
    """Tell whether a node, without its parts, can be carried."""
    sp, kind = library("sympy"), type(value)
    if isinstance(value, sp.Symbol):
        return kind in (sp.Symbol, sp.Dummy) and _SYMBOL.fullmatch(value.name) is not None
    if isinstance(value, sp.Number) and kind.__name__ not in CONSTANTS:
        return True
    if kind.__name__ in CONSTANTS:
        return value is getattr(sp.S, CONSTANTS[kind.__name__])
    if _is_undefined(kind):
        return _is_free(kind.__name__)
    return _class(kind.__name__) is kind


def _nodes(value: Any) -> Iterator[Any]:
    for number, node in enumerate(library("sympy").preorder_traversal(value)):
        check_nodes(number, MAX_NODES)
        yield node


def put_expression(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of an expression; a proxy if it holds what is on no list."""
    return _put(out, value, depth) if all(map(_knows, _nodes(value))) else out.refer(value)


def _put(out: Out, value: Any, depth: int) -> Any:
    sp, kind = library("sympy"), type(value)
    if isinstance(value, sp.Float):
        sign, digits, power, _ = value._mpf_
        parts = [-int(digits) if sign else int(digits), int(power), int(value._prec)]
        return out.items("float number", parts, depth)
    if kind.__name__ in CONSTANTS:
        return ["constant", kind.__name__]
    if isinstance(value, sp.Rational):
        return out.items("rational", [int(value.p), int(value.q)], depth)
    if isinstance(value, sp.Symbol):
        assumed = {name: bool(said) for name, said in value._assumptions_orig.items()}
        index = int(value.dummy_index) if kind is sp.Dummy else None
        return out.items("symbol", [value.name, index, assumed], depth)
    if (again := out.again(value)) is not None:
        return again
    name = kind.__name__
    parts = out.items("", value.args, depth)[1:]
    return out.done(value, ["undefined" if _is_undefined(kind) else "node", name, *parts])


def _expressions(inn: In, trees: list[Any], depth: int) -> list[Any]:
    parts = [inn.get(tree, depth) for tree in trees]
    if not all(isinstance(part, library("sympy").Basic) for part in parts):
        raise TypeError("an expression is made of expressions")
    return parts


def _get_node(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, name, *rest = tree
    kind, parts = _class(name), _expressions(inn, rest, depth)
    if kind is None:
        raise ValueError("an expression is of no known kind")
    expression = library("sympy").Expr
    if name in _SUMS:
        if not all(isinstance(part, expression) for part in parts):
            raise TypeError("only numbers and expressions can be added or multiplied")
        return inn.done(number, made(lambda: kind._from_args(parts)))
    options = {} if name in _PLAIN else {"evaluate": False}
    return inn.done(number, made(lambda: kind(*parts, **options)))


def _get_undefined(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, name, *rest = tree
    parts = _expressions(inn, rest, depth)
    if not _is_free(name):
        raise ValueError("a function has a name of its own")
    return inn.done(number, made(lambda: library("sympy").Function(name)(*parts)))


def _get_constant(inn: In, tree: list[Any], depth: int) -> Any:
    _, name = tree
    return getattr(library("sympy").S, CONSTANTS[name])


def _get_rational(inn: In, tree: list[Any], depth: int) -> Any:
    over, under = inn.items(tree, depth)
    if type(over) is not int or type(under) is not int or under < 1:
        raise TypeError("a rational number is of whole numbers")
    return made(lambda: library("sympy").Rational(over, under))


def _get_float(inn: In, tree: list[Any], depth: int) -> Any:
    digits, power, bits = inn.items(tree, depth)
    if not all(type(part) is int for part in (digits, power, bits)):
        raise TypeError("a number has digits")
    if abs(power) > _MAX_DIGITS or not 0 < bits <= _MAX_BITS:
        raise ValueError("a number has so many digits")
    from_digits = sys.modules["mpmath.libmp"].from_man_exp
    return made(lambda: library("sympy").Float._new(from_digits(digits, power, bits), bits))


def _get_symbol(inn: In, tree: list[Any], depth: int) -> Any:
    name, index, assumed = inn.items(tree, depth)
    if type(name) is not str or not _SYMBOL.fullmatch(name) or type(assumed) is not dict:
        raise ValueError("a symbol has a name")
    known = sys.modules["sympy.core.assumptions"]._assume_defined
    if not all(fact in known and type(said) is bool for fact, said in assumed.items()):
        raise ValueError("a symbol is assumed to be what SymPy knows")
    sp = library("sympy")
    if index is None:
        return made(lambda: sp.Symbol(name, **assumed))
    if type(index) is not int or index < 0:
        raise ValueError("a symbol has a number")
    return made(lambda: sp.Dummy(name, dummy_index=index, **assumed))


def put_matrix(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a matrix of expressions."""
    items = value.flat()
    if not all(_knows(node) for item in items for node in _nodes(item)):
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    name = next(base.__name__ for base in type(value).__mro__ if base.__name__ in _MATRICES)
    parts = [name, int(value.rows), int(value.cols), *items]
    return out.done(value, out.items("expressions", parts, depth))


def _get_matrix(inn: In, tree: list[Any], depth: int) -> Any:
    number = inn.begin()
    _, name, rows, columns, *rest = tree
    if name not in _MATRICES or type(rows) is not int or type(columns) is not int:
        raise ValueError("a matrix has rows and columns")
    if rows < 0 or columns < 0 or rows * columns != len(rest) or max(rows, columns) > MAX_NODES:
        raise ValueError("a matrix has as many items as its shape says")
    kind, items = getattr(library("sympy"), name), _expressions(inn, rest, depth)
    return inn.done(number, made(lambda: kind(rows, columns, items)))


def _change(original: Any, new: Any) -> None:
    original._rep, original.rows, original.cols = new._rep, new.rows, new.cols


def _sympy(sp: ModuleType) -> dict[type, Put]:
    library("sympy")
    matrices = dict.fromkeys([getattr(sp, name) for name in _MATRICES], put_matrix)
    return {sp.Basic: put_expression, **matrices}


CHANGE[put_matrix] = _change
LATER["sympy"] = _sympy
READ.update(
    {
        kind: ("sympy", get)
        for kind, get in (
            ("node", _get_node),
            ("undefined", _get_undefined),
            ("constant", _get_constant),
            ("rational", _get_rational),
            ("float number", _get_float),
            ("symbol", _get_symbol),
            ("expressions", _get_matrix),
        )
    }
)
