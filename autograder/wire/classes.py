"""Names classes of installed libraries that both ends have, and finds them by name."""

from __future__ import annotations

import sys
from typing import Any

from autograder.wire.codec import bases

#: The modules that no student wrote, but of ours and of notebooks.
_OTHERS = ("__main__", "autograder")
_INSTALLED = (sys.prefix, sys.base_prefix)


def place_of(kind: type, *, standard: bool = False) -> tuple[str, str] | None:
    """Return the module and the name of a class, if both ends have it from an installed library.

    Parameters
    ----------
    kind
        The class.
    standard
        Whether only Python's own library counts.
    """
    module, name = kind.__module__, kind.__qualname__
    if type(module) is not str or type(name) is not str:
        return None
    return (module, name) if class_at(module, name, standard=standard) is kind else None


def class_at(module: Any, name: Any, *, standard: bool = False) -> type | None:
    """Return a class that this process has imported from an installed library, if there is one.

    Nothing is imported for it, and no module is asked for what it does not hold already.

    Parameters
    ----------
    module, name
        Where it is.
    standard
        Whether only Python's own library counts.
    """
    if type(module) is not str or type(name) is not str or module not in sys.modules:
        return None
    home = sys.modules[module]
    top = module.partition(".")[0]
    if top in _OTHERS or not (top in sys.stdlib_module_names or _is_installed(home, standard)):
        return None
    found: Any = home
    for part in name.split("."):
        inner = vars(found) if found is home else _body(found)
        found = inner.get(part)
        if not isinstance(found, type):
            return None
    return found


def _is_installed(module: Any, standard: bool) -> bool:
    path = vars(module).get("__file__")
    return not standard and type(path) is str and path.startswith(_INSTALLED)


def _body(kind: type) -> Any:
    return type.__dict__["__dict__"].__get__(kind)


def is_a(kind: type | None, base: type) -> bool:
    """Tell whether a class was found, and derives from another, whatever its metaclass says."""
    return kind is not None and base in bases(kind)
