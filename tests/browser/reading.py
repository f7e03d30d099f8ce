"""What a browser shows of our Markdown, to be compared with what its author wrote."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import Locator

from course.authoring.renderers import Piece, read_page

ROOT = Path(__file__).parents[2]
# A browser that could reach another machine would hide that a page needs one.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# Formulas become elements of our own, and what is not the author's goes.
_CLEAN = """
(pages, not_written) => pages.map(page => {
    const copy = page.cloneNode(true);
    copy.querySelectorAll(not_written).forEach(element => element.remove());
    copy.querySelectorAll("mjx-container").forEach(formula => {
        const display = formula.getAttribute("display") === "true";
        const ours = document.createElement(display ? "x-display" : "x-formula");
        ours.textContent = formula.querySelector("mjx-merror, merror") ? "error" : "formula";
        formula.replaceWith(ours);
    });
    return copy.innerHTML;
})
"""


def written(path: Path) -> list[str]:
    """The Markdown cells of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def shown(pages: Locator, not_written: str) -> list[list[tuple[str, str]]]:
    """What each element shows; `not_written` selects what it adds to the text."""
    return [summary(read_page(html)) for html in pages.evaluate_all(_CLEAN, not_written)]


def summary(pieces: list[Piece]) -> list[tuple[str, str]]:
    """What is compared: of formulas, their places and that they have no error."""
    seen: list[tuple[str, str]] = []
    for piece in pieces:
        value = "".join(piece.value.split()).translate(str.maketrans("“”‘’", "\"\"''"))
        if piece.kind in ("formula", "display"):
            seen.append((piece.kind, "error" if value == "error" else ""))
        elif seen and piece.kind == "text" == seen[-1][0]:
            seen[-1] = (piece.kind, seen[-1][1] + value)
        else:
            seen.append((piece.kind, value))
    return seen
