"""Reads an untrusted notebook file and keeps only what is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import nbformat
from nbformat import NotebookNode

#: A file above this size is not opened, and one with more list items, which take far more memory
#: than room in the file, is not parsed. Outputs without end are the usual reason for either.
LARGEST_MB, MOST_ITEMS = 50, 5_000_000
#: A notebook of more cells is refused.
MOST_CELLS = 20_000
#: How many entries of one mapping or list of metadata are kept, and how many attachments.
MOST_ENTRIES = 100
#: The metadata that are kept, and their type. What else a notebook says of itself no step reads,
#: and each would walk through it; what widgets showed is output.
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "collapsed": bool,
    "deletable": bool,
    "editable": bool,
    "execution": dict,
    "format": str,
    "jupyter": dict,
    "kernelspec": dict,
    "language_info": dict,
    "name": str,
    "nbgrader": dict,
    "scrolled": (bool, str),
    "slideshow": dict,
    "tags": list,
    "title": str,
}
#: What old formats call the parts of a cell that are read.
OLD_PARTS = ("cell_type", "collapsed", "input", "language", "level", "prompt_number", "source")
#: What the notebook format allows as the id of a cell.
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class UnfitError(Exception):
    """A submission that cannot be graded; the text says why."""


def parse(content: bytes) -> NotebookNode:
    """Return the notebook in ``content``, in the current format and without outputs.

    Whatever is of a wrong type and not needed is left out; a cell without a source has an empty
    one. The same bytes give the same notebook.

    Raises
    ------
    UnfitError
        If it is no notebook, or one that would take more memory than the grader gives it.
    """
    if len(content) > LARGEST_MB << 20:
        raise too_large(len(content))
    if not content.strip():
        raise UnfitError("its notebook is an empty file")
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_ITEMS:
        raise UnfitError(
            f"its notebook holds more than {MOST_ITEMS:,} items; clear its outputs and submit again"
        )
    try:
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        plain = json.loads(text, parse_constant=lambda _: None)  # NaN is not JSON, but occurs
        return _clean(plain)
    except RecursionError as error:
        raise UnfitError("its notebook is nested too deeply") from error
    except UnfitError:
        raise
    except ValueError as error:  # bad JSON, bad UTF-8
        raise UnfitError("its notebook is not a notebook file (not valid JSON)") from error


def too_large(size: int) -> UnfitError:
    """Return the refusal of a notebook file of ``size`` bytes."""
    return UnfitError(
        f"its notebook takes {size >> 20} MB, more than the {LARGEST_MB} MB allowed; "
        "clear its outputs and submit again"
    )


def _clean(plain: Any) -> NotebookNode:
    if not isinstance(plain, dict):
        raise UnfitError("its notebook is JSON, but not a notebook")
    plain = _current(plain)
    cells = plain.get("cells")
    if not isinstance(cells, list):
        raise UnfitError("its notebook has no list of cells")
    if len(cells) > MOST_CELLS:
        raise UnfitError(
            f"its notebook has {len(cells):,} cells, more than the {MOST_CELLS:,} allowed; "
            "remove some and submit again"
        )
    metadata = _metadata(plain.get("metadata"))
    metadata.pop("autograder", None)  # only the grader says so
    taken: set[str] = set()
    clean = {
        "cells": [_cell(cell, number, taken) for number, cell in enumerate(cells, 1)],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return nbformat.from_dict(clean)


def _current(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of format 4."""
    version = plain.get("nbformat")
    if type(version) is not int or not 1 <= version <= 4:
        raise UnfitError(
            f"its notebook says that its format is {str(version)[:20]}, "
            "and those from 1 to 4 can be read"
        )
    if version == 4:
        return plain
    try:
        return dict(nbformat.convert(nbformat.from_dict(_bare(plain)), 4))
    except RecursionError:
        raise
    except Exception as error:  # converters take an old notebook's shape for granted
        raise UnfitError(
            f"its notebook says that it is of the old format {version}, and is not"
        ) from error


def _bare(plain: dict[str, Any]) -> dict[str, Any]:
    """Return of a notebook in an old format what is read of it afterwards."""

    def cells(holder: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = holder["cells"]
        return [
            {
                **{
                    part: _text(cell[part]) if isinstance(cell[part], dict | list) else cell[part]
                    for part in OLD_PARTS
                    if part in cell
                },
                "metadata": _metadata(cell.get("metadata")),
                "outputs": [],
            }
            for cell in found[: MOST_CELLS + 1]
        ]

    made: dict[str, Any] = {"nbformat": plain["nbformat"]}
    if "nbformat_minor" in plain:
        made["nbformat_minor"] = plain["nbformat_minor"]
    made["metadata"] = _metadata(plain.get("metadata"))
    if "worksheets" in plain:
        made["worksheets"] = [{"cells": cells(sheet)} for sheet in plain["worksheets"]]
    if "cells" in plain:
        made["cells"] = cells(plain)
    return made


def _cell(plain: Any, number: int, taken: set[str]) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise UnfitError(f"cell {number} of its notebook is not a cell")
    kind = plain.get("cell_type")
    cell: dict[str, Any] = {
        "cell_type": kind if kind in ("code", "markdown") else "raw",
        "id": _id(plain.get("id"), number, taken),
        "metadata": _metadata(plain.get("metadata")),
        "source": _text(plain.get("source")),
    }
    if cell["cell_type"] == "code":
        cell |= {"execution_count": None, "outputs": []}
    else:
        images = plain.get("attachments")
        if isinstance(images, dict) and all(isinstance(image, dict) for image in images.values()):
            first = islice(images.items(), MOST_ENTRIES)
            cell["attachments"] = {name: _flat(image) for name, image in first}
    return cell


def _flat(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the first entries of a mapping that hold nothing else."""
    first = islice(plain.items(), MOST_ENTRIES)
    return {key: value for key, value in first if not isinstance(value, dict | list)}


def _id(claimed: Any, number: int, taken: set[str]) -> str:
    own = claimed if isinstance(claimed, str) and CELL_ID.fullmatch(claimed) else f"cell-{number}"
    if own in taken:  # of so many further names one is free, whatever the other cells claim
        others = (f"{own[:32]}-{number}-{one}" for one in range(len(taken) + 1))
        own = next(other for other in others if other not in taken)
    taken.add(own)
    return own


def _metadata(plain: Any) -> dict[str, Any]:
    if not isinstance(plain, dict):
        return {}
    sound = {k: plain[k] for k, kind in TYPES.items() if isinstance(plain.get(k), kind)}
    sound = {k: _flat(v) if isinstance(v, dict) else v for k, v in sound.items()}
    if "tags" in sound:
        sound["tags"] = sound["tags"][:MOST_ENTRIES]
    if not all(isinstance(tag, str) for tag in sound.get("tags", [])):
        del sound["tags"]
    times: Any = sound.get("execution", {})
    if not all(isinstance(time, str) for time in times.values()):
        del sound["execution"]
    return sound


def _text(plain: Any) -> str:
    """Return a source, which may be written as a list of lines."""
    lines = plain if isinstance(plain, list) else [plain]
    text = "".join(line for line in lines if isinstance(line, str))
    # Half a surrogate pair can be written in JSON, but to no file.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
