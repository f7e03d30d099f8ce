"""Carries SciPy's sparse matrices and arrays; every index in them is checked."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from autograder.wire.arrays import NUMBERS
from autograder.wire.codec import CHANGE, LATER, In, Out, Put, imported
from autograder.wire.libraries import READ, library, made

_MAX_SIDE = 2**31
#: What each format is made of; the others cross as coordinates.
_PARTS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "dia": ("data", "offsets"),
}
_FORMATS = (*_PARTS, "coo", "lil", "dok")
_KINDS = ("matrix", "array")


def put_sparse(out: Out, value: Any, depth: int) -> Any:
    """Return the tree of a sparse matrix or array."""
    if value.dtype.name not in NUMBERS or value.format not in _FORMATS:
        return out.refer(value)
    if (again := out.again(value)) is not None:
        return again
    kind = _KINDS[isinstance(value, library("scipy.sparse").sparray)]
    if value.format in _PARTS:
        parts = [getattr(value, part) for part in _PARTS[value.format]]
    else:
        found = value.tocoo()
        parts = [found.data, *found.coords]
    np = imported("numpy")
    tree = out.items("sparse", [np.asarray(part) for part in parts], depth)
    return out.done(value, [*tree, f"{value.format}_{kind}", [*map(int, value.shape)]])


def _get_sparse(inn: In, tree: list[Any], depth: int) -> Any:
    number, np = inn.begin(), imported("numpy")
    *parts, name, shape = tree
    parts = inn.items(parts, depth)
    form, _, kind = name.partition("_")
    if form not in _FORMATS or kind not in _KINDS:
        raise ValueError("a sparse matrix is of no known format")
    if not all(type(part) is np.ndarray for part in parts):
        raise TypeError("a sparse matrix is made of arrays")
    if type(shape) is not list or not 0 < len(shape) <= 8:
        raise ValueError("a sparse matrix has a shape")
    if not all(type(side) is int and 0 <= side < _MAX_SIDE for side in shape):
        raise ValueError("a sparse matrix has whole numbers for a shape")
    data, *indices = parts
    if data.dtype.name not in NUMBERS or len(parts) != len(_PARTS.get(form, (0, *shape))):
        raise ValueError("a sparse matrix holds numbers")
    if any(index.dtype.str[1:] not in ("i4", "i8") or index.ndim != 1 for index in indices):
        raise ValueError("a sparse matrix has indices")
    return inn.done(number, made(lambda: _make(form, kind, data, indices, tuple(shape))))


def _make(form: str, kind: str, data: Any, indices: list[Any], shape: tuple[int, ...]) -> Any:
    sparse = vars(library("scipy.sparse"))
    if form not in _PARTS:
        for index, side in zip(indices, shape, strict=True):
            if len(index) != len(data) or (
                len(index) and not 0 <= index.min() <= index.max() < side
            ):
                raise ValueError("an index lies outside")
        return sparse[f"coo_{kind}"]((data, tuple(indices)), shape).asformat(form)
    value = sparse[f"{form}_{kind}"]((data, *indices), shape)
    if form != "dia":
        value.check_format(full_check=True)
    elif data.ndim != 2 or (len(indices[0]) and abs(indices[0]).max() > max(shape)):
        raise ValueError("an offset lies outside")
    return value


def _change(original: Any, new: Any) -> None:
    if type(original) is not type(new):
        raise TypeError("it became another")
    vars(original).clear()
    vars(original).update(vars(new))


def _sparse(sparse: ModuleType) -> dict[type, Put]:
    library("scipy.sparse")
    names = [f"{form}_{kind}" for form in _FORMATS for kind in _KINDS]  # some are dictionaries
    return dict.fromkeys([getattr(sparse, name) for name in names], put_sparse)


CHANGE[put_sparse] = _change
LATER["scipy.sparse"] = _sparse
READ["sparse"] = ("scipy.sparse", _get_sparse)
