"""Reduces a notebook to what a page may show of it.

nbconvert's and nbgrader's templates write much of a notebook into HTML as it is: the metadata of an
output become attributes, an execution count and the name of a cell stand between tags. So a page is
made from a copy that holds nothing but what is listed here. HTML itself is cleaned when the page is
written (`autograder.record.sanitize`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode, from_dict

#: Widest and highest picture of which a page believes the size, in CSS pixels.
LARGEST = 10_000
TEXTS = frozenset({"text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"})
PICTURES = frozenset({"image/png", "image/jpeg"})  # base64
PASTED = PICTURES | {"image/gif", "image/svg+xml", "image/webp"}  # base64 too, in Markdown cells
#: What nbgrader's pages read of its mark on a cell, and its type.
MARKS: dict[str, tuple[type, ...]] = {
    "cell_type": (str,),
    "checksum": (str,),
    "grade": (bool,),
    "locked": (bool,),
    "points": (int, float),
    "schema_version": (int,),
    "solution": (bool,),
    "task": (bool,),
}
GRADE_ID = re.compile(r"[^\s\"'<>&`=]+")  # an attribute's value, whatever stands around it
NAME = re.compile(r"[A-Za-z0-9_+.#-]{1,64}")  # a cell's id, a language
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*")
PASTED_IN = re.compile(r"(\]\(\s*<?|\]:\s*<?)attachment:([^\s)>\"']*)")  # [x](attachment:NAME)


#: What begins something in Markdown, of which the end is looked for in all that follows; and the
#: most work of that kind for one page, in marks times characters: about two seconds.
MARKS_OF_MARKDOWN = re.compile(r"[\\$\[\]*_`<>!&(~|]")
MOST_WORK = 150_000_000
#: What stands above a text that would take more.
AS_WRITTEN = "This text is too long to be formatted; it stands here as it was written."


class CleanPage(Preprocessor):
    """Puts a copy in the place of a notebook that is about to become a page.

    It comes before the steps of ours and nbgrader's that put scores and comments into the notebook.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Copy what may be shown."""
        minor = nb.nbformat_minor
        cells = [
            _cell(cell, f"cell-{number}" if minor >= 5 else "")
            for number, cell in enumerate(nb.cells)
            if cell.get("cell_type") in ("code", "markdown", "raw")
        ]
        _spare(cells)
        metadata = _language(nb.metadata)
        if "autograder" in nb.metadata:  # no page shows it; `HideHiddenTests` reads and removes it
            metadata["autograder"] = nb.metadata["autograder"]
        made = {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": cells}
        return from_dict(made), resources


def _spare(cells: Iterable[dict[str, Any]]) -> None:
    """Leave texts unformatted that would hold up the page, and whoever waits for the next one."""
    left = MOST_WORK
    for cell in cells:
        if cell["cell_type"] == "markdown":
            left, cell["source"] = _affordable(cell["source"], left)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/markdown" in data:
                left, data["text/markdown"] = _affordable(data["text/markdown"], left)


def _affordable(text: str, left: int) -> tuple[int, str]:
    work = len(text) * len(MARKS_OF_MARKDOWN.findall(text))
    if work <= left:
        return left - work, text
    fence = "`" * (3 + max(map(len, re.findall("`+", text)), default=0))
    return left, f"{AS_WRITTEN}\n\n{fence}\n{text}\n{fence}"


def _language(metadata: dict[str, Any]) -> dict[str, Any]:
    info = metadata.get("language_info")
    if not isinstance(info, dict) or not _is_name(info.get("name")):
        return {}
    known = {key: info[key] for key in ("name", "pygments_lexer") if _is_name(info.get(key))}
    return {"language_info": known}


def _cell(cell: dict[str, Any], own_id: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "metadata": _cell_metadata(cell.get("metadata")),
        "source": _text(cell.get("source")),
    }
    if own_id:
        made["id"] = cell["id"] if _is_name(cell.get("id")) else own_id
    if made["cell_type"] == "code":
        made["execution_count"] = _whole(cell.get("execution_count"))
        made["outputs"] = [output for raw in _list(cell.get("outputs")) for output in _output(raw)]
    else:
        made["attachments"] = attachments = _attachments(cell.get("attachments"))
        # nbconvert makes no page at all of a cell that names one that is not there.
        made["source"] = PASTED_IN.sub(
            lambda found: found[0] if found[2] in attachments else f"{found[1]}missing:{found[2]}",
            made["source"],
        )
    return made


def _cell_metadata(metadata: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if not isinstance(metadata, dict):
        return made
    if _is_name(metadata.get("magics_language")):  # of a cell with `%%bash`, as nbconvert found it
        made["magics_language"] = metadata["magics_language"]
    mark = metadata.get("nbgrader")
    if not isinstance(mark, dict):
        return made
    name = mark.get("grade_id")
    if isinstance(name, str) and GRADE_ID.fullmatch(name):  # any other is a cell without a grade
        known = {key: mark[key] for key in MARKS if isinstance(mark.get(key), MARKS[key])}
        made["nbgrader"] = {"points": 0, **known, "grade_id": name}
    return made


def _output(raw: Any) -> Iterable[dict[str, Any]]:
    kind = raw.get("output_type") if isinstance(raw, dict) else None
    if kind == "stream":
        name = "stderr" if raw.get("name") == "stderr" else "stdout"
        yield {"output_type": kind, "name": name, "text": _text(raw.get("text"))}
    elif kind == "error":
        texts = {key: _text(raw.get(key)) for key in ("ename", "evalue")}
        traceback = [_text(line) for line in _list(raw.get("traceback"))]
        yield {"output_type": kind, **texts, "traceback": traceback}
    elif kind in ("display_data", "execute_result") and (data := _data(raw.get("data"))):
        made = {"output_type": kind, "data": data, "metadata": _sizes(raw.get("metadata"), data)}
        if kind == "execute_result":
            made["execution_count"] = _whole(raw.get("execution_count"))
        yield made


def _data(bundle: Any) -> dict[str, str]:
    """Keep the types that a cleaned page can show; of scripts and widgets their plain text."""
    if not isinstance(bundle, dict):
        return {}
    made = {kind: _text(bundle[kind]) for kind in TEXTS & bundle.keys()}
    for kind in PICTURES & bundle.keys():
        if BASE64.fullmatch(text := _text(bundle[kind])):
            made[kind] = text
    return made


def _sizes(metadata: Any, kinds: Iterable[str]) -> dict[str, Any]:
    """Keep the width and height of pictures, and no other word: they stand in attributes."""
    if not isinstance(metadata, dict):
        return {}
    made: dict[str, Any] = _size(metadata)
    for kind in kinds:
        if size := _size(metadata.get(kind)):
            made[kind] = size
    return made


def _size(metadata: Any) -> dict[str, int]:
    if not isinstance(metadata, dict):
        return {}
    found = {key: _whole(metadata.get(key)) for key in ("width", "height")}
    return {key: value for key, value in found.items() if value and value <= LARGEST}


def _attachments(raw: Any) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for name, bundle in raw.items() if isinstance(raw, dict) else ():
        if isinstance(bundle, dict):
            texts = {kind: _text(bundle[kind]) for kind in PASTED & bundle.keys()}
            if kept := {kind: text for kind, text in texts.items() if BASE64.fullmatch(text)}:
                made[name] = kept
    return made


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(NAME.fullmatch(value))


def _whole(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None  # True is no number


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Return a text as it is; notebooks may hold one as a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""
