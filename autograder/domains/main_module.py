"""The module of tests, in which the student's names are found when they are asked for."""

from __future__ import annotations

import types
from typing import Any

from autograder.domains.used_names import UsedNames


class Main(types.ModuleType):
    """``__main__`` for tests and helpers, which may ask it for the student's names.

    So `unittest.mock.patch("__main__.f")` and a helper's ``__main__.f`` mean the student's ``f``.
    """

    _autograder_names: UsedNames | None = None

    def __getattr__(self, name: str) -> Any:
        """Fetch a name that the tests have not asked for yet."""
        used = Main._autograder_names
        if used is not None and not name.startswith("_") and used.fetch(name):
            return vars(self)[name]
        raise AttributeError(f"module '__main__' has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if Main._autograder_names is not None:
            Main._autograder_names.mean(name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if Main._autograder_names is not None:
            Main._autograder_names.mean(name)
