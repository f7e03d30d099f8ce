"""Keeps what a test does to Python's builtins and libraries away from the grader's own code.

A test may patch `min`, `open` or `json.loads`, and the code that carries its calls to the student's
process runs in the same process.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Iterator, Mapping
from importlib.machinery import SourceFileLoader
from typing import Any

#: Libraries that our code finds in `sys.modules`, because not every process has imported them.
FOUND = ("numpy", "numpy.ma")


class Builtins:
    """The builtins of tests: a module that takes the place of `builtins` for what imports it.

    A function finds its builtins where its module had them when it was made. So what was imported
    before keeps those of the process, and only code that runs in a namespace with ``module`` as its
    ``__builtins__`` sees what a test puts there.
    """

    def __init__(self) -> None:
        self.module = types.ModuleType("builtins", builtins.__doc__)
        self._given = dict(vars(builtins))
        self.restore()
        sys.modules["builtins"] = self.module

    def restore(self) -> None:
        """Undo what was done to a name that Python gives; names that were added stay."""
        vars(self.module).update(self._given)

    def adopt(self) -> None:
        """Let what was changed stay from now on."""
        self._given = {name: vars(self.module).get(name, self._given[name]) for name in self._given}


class HelperLoader(SourceFileLoader):
    """Loads a module of the instructor's, whose builtins are those of the tests."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module's code."""
        module.__dict__["__builtins__"] = sys.modules["builtins"]
        super().exec_module(module)


class _Modules(Mapping[str, Any]):
    """`sys.modules`, but for copies of some libraries."""

    def __init__(self, own: dict[str, types.ModuleType]) -> None:
        self._own, self._all = own, sys.modules

    def __getitem__(self, name: str) -> Any:
        return self._own[name] if name in self._own else self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class _Sys:
    """`sys` with another ``modules``."""

    def __init__(self, modules: _Modules) -> None:
        self.modules = modules

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


class OwnModules:
    """Copies of the libraries that our code calls by their modules, as they are now.

    Parameters
    ----------
    prefix
        How the names of our own modules begin.
    besides
        Those of our modules that find in `sys.modules` what a test is to get.
    """

    def __init__(self, prefix: str, besides: tuple[str, ...]) -> None:
        self._copies: dict[int, types.ModuleType] = {}
        self._found: dict[str, types.ModuleType] = {}
        seen = _Sys(_Modules(self._found))
        for name, module in [*sys.modules.items()]:
            if not name.startswith(prefix) or name == __name__:
                continue
            for attribute, value in [*vars(module).items()]:
                if value is sys and name not in besides:
                    setattr(module, attribute, seen)
                elif _is_library(value) and not value.__name__.startswith(prefix):
                    setattr(module, attribute, self._copy(value))
        self.keep()

    def keep(self) -> None:
        """Copy those of `FOUND` that have been imported since."""
        for name in FOUND:
            if name not in self._found and name in sys.modules:
                self._found[name] = self._copy(sys.modules[name])

    def _copy(self, module: types.ModuleType) -> types.ModuleType:
        """Return a copy of a module and of its submodules."""
        if id(module) not in self._copies:
            new = self._copies[id(module)] = types.ModuleType(module.__name__)
            vars(new).update(vars(module))
            for name, value in vars(module).items():
                inner = type(value) is types.ModuleType
                if inner and value.__name__.startswith(f"{module.__name__}."):
                    setattr(new, name, self._copy(value))
        return self._copies[id(module)]


def _is_library(value: Any) -> bool:
    return type(value) is types.ModuleType and value is not sys and value is not builtins
