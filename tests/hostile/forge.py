"""Attacks that try to win points by changing what runs the tests, from within Python."""

from __future__ import annotations

from tests.hostile.attack import Attack, first

SILENCE = "lambda *given, **named: None"

ATTACKS = (
    Attack(
        "showtraceback",
        "Replaces the shell's display of errors, so that a failed test shows none.",
        first(
            f"""
            from IPython.core.interactiveshell import InteractiveShell
            InteractiveShell.showtraceback = {SILENCE}
            get_ipython().showtraceback = get_ipython()._showtraceback = {SILENCE}
        """.replace("            ", "")
        ),
    ),
    Attack(
        "input_transformer",
        "Registers an input transformer that blanks every later cell.",
        first("get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])"),
    ),
    Attack(
        "post_transformer",
        "Registers a late input transformer that comments out every assertion.",
        first("""
get_ipython().input_transformers_post.append(
    lambda lines: ["pass\\n" if "assert" in line or "testing" in line else line for line in lines]
)"""),
    ),
    Attack(
        "ast_transformer",
        "Registers an AST transformer that drops assertions and doubles the partial credit.",
        first("""
import ast


class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
    def visit_If(self, node):
        node.test = ast.copy_location(ast.Constant(True), node.test)
        return node


get_ipython().ast_transformers.append(Drop())
import numpy as np
np.testing.assert_allclose = lambda *given, **named: None"""),
    ),
    Attack(
        "do_execute",
        "Replaces the kernel's method that executes a cell by one that reports success.",
        first("""
async def nothing(*given, **named):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}

get_ipython().kernel.do_execute = nothing"""),
    ),
    Attack(
        "run_cell_async",
        "Replaces the shell's method that runs a cell by one that runs an empty cell.",
        first("""
shell = get_ipython()
true = shell.run_cell_async


async def empty(source, *given, **named):
    return await true("pass", **{**named, "transformed_cell": "pass"})

shell.run_cell_async = empty"""),
    ),
    Attack(
        "run_code",
        "Replaces the shell's innermost method, which runs one code object, on the class.",
        first("""
from IPython.core.interactiveshell import InteractiveShell


async def nothing(self, code, result=None, *, async_=False):
    return False

InteractiveShell.run_code = nothing"""),
    ),
    Attack(
        "custom_exception",
        "Registers a handler for all exceptions that shows nothing.",
        first(f"get_ipython().set_custom_exc((BaseException,), {SILENCE})"),
    ),
    Attack(
        "result_of_cell",
        "Makes every result of a cell claim success and clears the error that it kept.",
        first("""
from IPython.core.interactiveshell import ExecutionResult

ExecutionResult.success = property(lambda self: True)
ExecutionResult.error_in_exec = property(lambda self: None, lambda self, value: None)
ExecutionResult.raise_error = lambda self: None"""),
    ),
    Attack(
        "event_hooks",
        "Puts always-agreeing functions into the namespace before each cell, by an IPython event.",
        first("""
def agree(*given, **named):
    return True

def poison(*given):
    get_ipython().user_ns.update(close=agree, isinstance=agree, abs=lambda x: 0.0, len=lambda x: 3)

get_ipython().events.register("pre_run_cell", poison)
get_ipython().events.register("pre_execute", poison)"""),
    ),
    Attack(
        "numpy_functions",
        "Replaces np.allclose, np.shape and numpy.testing by functions that agree.",
        first(f"""
import numpy as np

np.allclose = lambda *given, **named: True
np.shape = lambda *given: (5, 3)
np.testing.assert_allclose = {SILENCE}
np.linspace = lambda *given: np.zeros(7)"""),
    ),
    Attack(
        "builtins",
        "Replaces builtin functions: bool, abs, sorted, len, isinstance, float and open.",
        first("""
import builtins
import io

builtins.bool = lambda *given: True
builtins.abs = lambda x: 0.0
builtins.isinstance = lambda *given: True
builtins.sorted = lambda *given, **named: Ellipsis
builtins.float = lambda *given: 0.0
builtins.open = lambda *given, **named: io.StringIO("0")"""),
    ),
    Attack(
        "own_names",
        "Defines every name that a test may use: its helpers, its temporaries, builtins and np.",
        first("""
class Agreeable:
    def __getattr__(self, name): return self
    def __call__(self, *given, **named): return True
    def __eq__(self, other): return True
    def __iter__(self): return iter((1, 1))


np = agreeable = Agreeable()
def close(*given, **named): return True
helper = reference = expected = right = value = rng = points = answer = agreeable
isinstance = len = abs = sorted = float = open = type = close
def abs(x): return 0.0
submission_rng = agreeable"""),
    ),
    Attack(
        "main_attributes",
        "Writes over the helper functions through sys.modules['__main__'] and their own code.",
        first("""
import sys

main = sys.modules["__main__"]
main.close.__code__ = (lambda a, b: True).__code__
main.submission_rng = lambda: None
main.__builtins__ = {"__build_class__": None}
vars(main)["close"] = lambda *given: True"""),
    ),
    Attack(
        "import_hook",
        "Puts a finder before all others that gives modules which agree with everything.",
        first("""
import importlib.abc
import importlib.util
import sys


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self)
    def exec_module(self, module):
        module.__getattr__ = lambda name: lambda *given, **named: True


sys.meta_path.insert(0, Finder())
sys.path_importer_cache.clear()"""),
    ),
    Attack(
        "module_replaced",
        "Puts objects that agree with everything in the place of modules in sys.modules.",
        first("""
import sys


class Module(type(sys)):
    def __getattr__(self, name):
        return lambda *given, **named: True


for name in ("numpy", "numpy.testing", "builtins", "math", "operator"):
    sys.modules[name] = Module(name)
get_ipython().user_ns["np"] = Module("numpy")"""),
    ),
)
