"""Checks that students read the same Markdown in JupyterLab, on the website and in feedback."""

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from course.authoring.formulas import Formula, formulas, without_code
from course.authoring.renderers import RENDERERS, Piece
from course.authoring.text import AuthoringError, Cell

_CURRENCY = "write a currency in letters, as in '165 USD'"
_DISPLAYED = (
    "put the $$ of a formula on lines of their own, with an empty line before and after, and none "
    "within"
)
_DOLLAR = re.compile(r"\$|&(#0*36|#x0*24|dollar);", re.I)
# JupyterLab takes some of these for formulas, after it has read the Markdown; nobody shows more.
_TEX = re.compile(r"\\([(\[]|[a-zA-Z]{2,}\*?)")
_BRACKETS = re.compile(r"(?<!\\)\\\(.*?(?<!\\)\\\)|(?<!\\)\\\[.*?(?<!\\)\\\]", re.S)
_HEADING = re.compile(r"<h([1-6])>")

# What is known to be read differently, by what its line looks like, and what to write instead.
_REMEDIES = [
    (r"^\s*(`{3,}|:{3,})\{", "a directive works on the website only; write a paragraph in bold"),
    (r"\{[\w:-]+\}`", "a role works on the website only; write plain Markdown"),
    (r"^\s*\([\w-]+\)=\s*$", "it reads the line as the target of links; remove it"),
    (r"^\s*%", "it reads the line as a comment; begin it with another character"),
    (r"^\s*\+\+\+", "it reads the line as the end of a cell; remove it"),
    (r"\[\^", "a footnote works on the website only; put it into the sentence"),
    (r"^\s*:\s", "a definition list works in some places only; write a list of bullets"),
    (r"~", r"some places strike out between tildes; write 'about', or '\~'"),
    (r"\[[ xX]\]", "a list of tasks works in some places only; write a list of bullets"),
    (r"^\s*#+[^#\s]", "put a space after the # of a heading, or a backslash before any other"),
    (r"\|", r"in a table write \mid, \lvert or \lVert for | in a formula, and no | in code"),
    (r"\$\$", _DISPLAYED),
    (r"\\begin\{", "put $$ on the lines before and after \\begin and \\end"),
    (r"\\\\[(\[\])]", "write dollars around a formula"),
    (r"https?://", "put the address into angle brackets, as in <https://www.example.org>"),
    (r"\$", "keep braces within one formula, and formulas apart; " + _CURRENCY),
]


def check_prose(cells: Iterable[Cell], label: str) -> None:
    """Check that every renderer reads the Markdown cells of a text alike.

    Parameters
    ----------
    cells : iterable of Cell
        All cells of a lecture or an assignment, in order.
    label : str
        How errors name the file.

    Raises
    ------
    AuthoringError
        At the first place that one of them would garble, with the file, the line, what they show,
        and what to write instead.
    """
    level = 0
    for cell in cells:
        if cell.node.cell_type != "markdown":
            continue
        pages = [renderer.render(cell.source) for renderer in RENDERERS]
        for line, problem in _problems(cell.source, pages):
            raise AuthoringError(f"{label}:{cell.source_line + line}: {problem}")
        for piece in pages[0]:
            found = _HEADING.fullmatch(piece.value) if piece.kind == "tag" else None
            if found and int(found[1]) > level + 1:
                raise AuthoringError(
                    f"{label}:{cell.source_line + piece.line}: a heading of level {found[1]} "
                    f"follows one of level {level}, and the website would show level {level + 1}; "
                    f"write {'#' * (level + 1)}"
                )
            level = int(found[1]) if found else level


def _problems(source: str, pages: list[list[Piece]]) -> Iterator[tuple[int, str]]:
    """Find what is garbled, and the line of each, counted from 0."""
    for formula in formulas(source):
        problem = _ill_written(formula)
        if problem:
            yield formula.line, f"{_quoted(formula.source)} is read as a formula, {problem}"
    for found in _BRACKETS.finditer(without_code(source)):
        line = source[: found.start()].count("\n")
        yield line, f"{_quoted(found[0])} loses its backslashes; write dollars around a formula"
    for page in pages:
        for piece in page:
            yield from _badly_shown(source, piece)
    for renderer, page in zip(RENDERERS[1:], pages[1:], strict=True):
        yield from _differences(source, pages[0], page, renderer.name)


def _ill_written(formula: Formula) -> str | None:
    if formula.source.startswith("@"):
        return "a form that JupyterLab keeps for itself; write other characters"
    if not formula.source.startswith("$") or formula.source.startswith("$$"):
        return None
    inner = formula.source[1:-1]
    if inner != inner.strip():
        return f"with space beside a dollar sign; {_CURRENCY}, and a formula without that space"
    if formula.before.isdigit() or formula.after.isdigit():
        return f"with a digit beside a dollar sign; {_CURRENCY}, and a number inside its formula"
    return None


def _badly_shown(source: str, piece: Piece) -> Iterator[tuple[int, str]]:
    lines = source.split("\n")
    if piece.kind == "html":
        remedy = "write Markdown, and '&lt;' for a sign that is to be seen"
        yield piece.line, f"{_quoted(piece.value)} is read as HTML; {remedy}"
    if piece.kind == "hidden":
        remedy = _remedy(source, piece.line)[1]
        yield piece.line, f"{_quoted(lines[piece.line])} is not shown on the website; {remedy}"
    if piece.kind == "text" and "$" in piece.value:
        line = _line_of(_DOLLAR, source, piece.line)
        problem = "a dollar sign outside code and formulas, which JupyterLab and Colab take for the"
        remedy = _DISPLAYED if "$$" in lines[line] else f"{_CURRENCY}, or close the formula"
        yield line, f"{problem} edge of a formula; {remedy}"
    tex = _TEX.search(piece.value) if piece.kind == "text" else None
    if tex:
        remedy = "write dollars around a formula, and backticks around code"
        yield piece.line, f"{_quoted(tex[0])} is outside code and formulas; {remedy}"


def _differences(
    source: str, website: list[Piece], page: list[Piece], name: str
) -> Iterator[tuple[int, str]]:
    for number, (ours, theirs) in enumerate(zip_longest(website, page)):
        if ours and theirs and ours.same(theirs):
            continue
        same = _in_common(ours, theirs)
        if ours and same < len(ours.value):
            line = ours.line_at(same)
        else:  # what comes next, or came last
            line = website[min(number + bool(ours), len(website) - 1)].line if website else 0
        at, remedy = _remedy(source, line)
        shown = [_shown(piece, same) for piece in (ours, theirs)]
        yield at, f"the website shows {shown[0]} and {name} shows {shown[1]}; {remedy}"
        return


def _in_common(ours: Piece | None, theirs: Piece | None) -> int:
    """Return after how many characters the two are different."""
    if ours is None or theirs is None or ours.kind != theirs.kind or ours.kind == "tag":
        return 0
    pairs = zip(ours.value, theirs.value, strict=False)
    shorter = min(len(ours.value), len(theirs.value))
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), shorter)
    return same + ours.value[same:].startswith(" ")


def _shown(piece: Piece | None, same: int) -> str:
    """Say what is shown, from a little before where it is different."""
    if piece is None:
        return "nothing"
    what = "the formula " if piece.kind in ("formula", "display") else ""
    return what + _quoted(piece.value[max(0, same - 10) :])


def _remedy(source: str, line: int) -> tuple[int, str]:
    """Find what in the block that begins on `line` is read differently, and what to write."""
    lines = source.split("\n")
    end = next((n for n in range(line + 1, len(lines)) if not lines[n].strip()), len(lines))
    for pattern, remedy in _REMEDIES:
        for number in range(line, end):
            if re.search(pattern, lines[number]):
                return number, remedy
    return line, "write it in Markdown that all of them know"


def _line_of(pattern: re.Pattern[str], source: str, line: int) -> int:
    lines = without_code(source).split("\n")
    return next((n for n in range(line, len(lines)) if pattern.search(lines[n])), line)


def _quoted(text: str, most: int = 40) -> str:
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= most else f"'{line[:most]}…'"
