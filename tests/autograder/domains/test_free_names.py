import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from autograder.domains.free_names import needed, stored

DEFINITIONS = {
    "assignment": ("x = 1", {"x"}),
    "several at once": ("a, (b, *c) = d = make()", {"a", "b", "c", "d"}),
    "augmented assignment": ("x += 1", {"x"}),
    "annotated assignment": ("x: int = 1", {"x"}),
    "annotation alone": ("x: int", set()),
    "import": ("import numpy", {"numpy"}),
    "import of a submodule": ("import os.path", {"os"}),
    "import under another name": ("import numpy as np", {"np"}),
    "import from": ("from os import path, sep as s", {"path", "s"}),
    "def": ("def f(a):\n    b = a\n    return b", {"f"}),
    "async def": ("async def f():\n    pass", {"f"}),
    "class": ("class A:\n    x = 1\n    def m(self):\n        self.y = 2", {"A"}),
    "with": ("with open('f') as f, g() as (h, i):\n    j = 1", {"f", "h", "i", "j"}),
    "for": ("for i, j in z:\n    k = i\nelse:\n    m = 1", {"i", "j", "k", "m"}),
    "while": ("while (n := read()):\n    pass", {"n"}),
    "except": ("try:\n    a = 1\nexcept ValueError as e:\n    b = 2", {"a", "b", "e"}),
    "except*": ("try:\n    pass\nexcept* ValueError as g:\n    b = 2", {"b", "g"}),
    "walrus": ("print(y := 2)", {"y"}),
    "walrus in a comprehension": ("[last := i for i in range(3)]", {"last"}),
    "comprehension": ("z = [i for i in range(3)]", {"z"}),
    "global in a function": ("def f():\n    global t\n    t = 1\n    u = 2", {"f", "t"}),
    "global in a nested function": (
        "def f():\n    def g():\n        global t\n        t = 1",
        {"f", "t"},
    ),
    "global in a class": ("class A:\n    global t\n    t = 1", {"A", "t"}),
    "match": (
        "match thing:\n    case [a, *b] | (a, b):\n        pass\n"
        "    case {'k': c, **d}:\n        pass\n    case str() as e:\n        pass",
        {"a", "b", "c", "d", "e"},
    ),
    "condition": ("if test:\n    a = 1\nelse:\n    b = 2", {"a", "b"}),
    "deletion": ("del x", set()),
    "a decorated function": ("@wrap\ndef f():\n    pass", {"f"}),
    "item and attribute": ("a.b = c[d] = 1", set()),
    "await": ("x = await f()", {"x"}),
    "no Python": ("def f(:", set()),
    "a NUL": ("x = 1\0", set()),
    "nothing": ("", set()),
}
#: What is looked up before it is there, and what functions look up.
NEEDS = {
    "a name": ("x", {"x"}, set()),
    "call": ("f(x, *y, **z)", {"f", "x", "y", "z"}, set()),
    "defined before": ("x = 1\nx", set(), set()),
    "defined afterwards": ("x\nx = 1", {"x"}, set()),
    "by itself": ("theta = np.asarray(theta)", {"np", "theta"}, set()),
    "augmented": ("x += y", {"x", "y"}, set()),
    "annotation": ("x: Kind = 1", {"Kind"}, set()),
    "deletion": ("del x", {"x"}, set()),
    "function": ("def f(a, b=c):\n    return a + d + len(e)", {"c"}, {"d", "len", "e"}),
    "lambda": ("g = lambda a, b=c: a + d", {"c"}, {"d"}),
    "a function's own names": ("def f():\n    x = 1\n    return x", set(), set()),
    "function of a function": (
        "def f():\n    def g():\n        return x\n    return g",
        set(),
        {"x"},
    ),
    "its own name": ("def f():\n    return f()", set(), set()),
    "a function further down": ("def f():\n    return g(x)\ndef g(y): pass", set(), {"x"}),
    "a class further down": ("def f():\n    return G()\nclass G:\n    pass", set(), set()),
    "a method's name": ("def f():\n    return g()\nclass A:\n    def g(self): pass", set(), {"g"}),
    "defined before the function": ("x = 1\ndef f():\n    return x", set(), set()),
    "defined after the function": ("def f():\n    return x\nx = f()", set(), {"x"}),
    "decorator": ("@wrap(x)\ndef f():\n    pass", {"wrap", "x"}, set()),
    "class": ("class A(B, metaclass=M):\n    a = b", {"B", "M", "b"}, set()),
    "a class's own name": ("class A:\n    a = 1\n    b = a", set(), set()),
    "method": ("class A:\n    def f(self):\n        return x", set(), {"x"}),
    "comprehension": ("z = [f(i) for i in y if i in w]", {"f", "y", "w"}, set()),
    "comprehension by itself": ("t = [g(t) for _ in range(3)]", {"g", "t", "range"}, set()),
    "nested comprehensions": ("z = {i: [j for j in x] for i in y}", {"x", "y"}, set()),
    "generator": ("all(f(i) for i in y)", {"all", "f", "y"}, set()),
    "comprehension in a function": (
        "def f():\n    return [g(i) for i in range(3)]",
        set(),
        {"g", "range"},
    ),
    "with": ("with c(x) as y:\n    y", {"c", "x"}, set()),
    "except": ("try:\n    f()\nexcept E as e:\n    e", {"f", "E"}, set()),
    "match": ("match x:\n    case K(a=1) if b:\n        c", {"x", "K", "b", "c"}, set()),
    "f-string": ("f'{x!r:>{w}} {y=}'", {"x", "w", "y"}, set()),
    "global": ("def f():\n    global t\n    t = t + 1", set(), {"t"}),
    "await": ("await f()", {"f"}, set()),
    "Python's own": ("x: int = 1\nprint(__name__, __file__)", {"int", "print"}, set()),
}


@pytest.mark.parametrize(("source", "names"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_every_form_of_definition_is_seen(source, names):
    assert stored(source) == names


@pytest.mark.parametrize(("source", "outer", "inner"), NEEDS.values(), ids=NEEDS)
def test_what_a_cell_needs_is_what_it_looks_up_before_it_is_there(source, outer, inner):
    assert needed(source) == (outer, inner)


@pytest.mark.parametrize("source", ["def f(:", "x = = 1"])
def test_what_is_no_python_has_no_needs_to_tell(source):
    with pytest.raises(SyntaxError):
        needed(source)


MAGICS = {
    "%%time\nassert f(x) == y": {"f", "x", "y"},
    "%%capture out\nf(1)": {"f"},
    "%timeit -n 1 f(x)": set(),  # options are not Python: the judge's `needed` sees none of it
    "%time f(x)": {"f", "x"},
    "%matplotlib inline\ng(1)": {"g"},
    "!ls\ng(1)": {"g"},
    "files = !ls": set(),
}


@pytest.mark.parametrize(("cell", "names"), MAGICS.items())
def test_code_given_to_a_magic_is_looked_into(cell, names):
    outer, _ = needed(TransformerManager().transform_cell(cell))
    assert outer - {"get_ipython", "inline", "ls"} == names


def test_what_a_cell_under_a_magic_defines_is_defined():
    assert stored(TransformerManager().transform_cell("%%time\ntotal = f(1)")) == {"total"}


@pytest.mark.parametrize("source", [source for source, _ in DEFINITIONS.values()])
def test_no_name_is_invented(source):
    """Each name that is told of stands in the text."""
    try:
        words = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError):
        return
    outer, inner = needed(source)
    assert outer | inner <= words | {"AssertionError"}
