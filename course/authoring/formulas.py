"""Finds formulas in Markdown as JupyterLab does: before it reads anything else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Where a formula was put aside. A text that has this form itself is put aside, too.
PLACE = re.compile(r"@@(\d+)@@")
# What JupyterLab looks at while it searches for formulas; all else it passes over.
_TOKEN = re.compile(
    r"(\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|(?:\n\s*)+|@@\d+@@|\\\\[()\[\]])", re.I
)
_FENCED = re.compile(r"^(`{3,}|~{3,})[^`\n]*\n.*?^\1`*$", re.M | re.S)
_QUOTED = re.compile(r"(?:^|(?<=[^\\]))(`+)[^\n]*?[^`\n]\1(?!`)", re.M)
# Stands for a dollar in code while formulas are searched for.
_HIDDEN = "\ufffc"


@dataclass(frozen=True)
class Formula:
    """A formula as JupyterLab finds it: with its delimiters, its neighbours, and its line."""

    source: str
    before: str
    after: str
    line: int


def formulas(source: str) -> Iterator[Formula]:
    """Find the formulas in Markdown, wherever JupyterLab looks for them.

    Parameters
    ----------
    source : str
        Markdown.

    Yields
    ------
    Formula
        In the order of the text.
    """
    tokens = _tokens(source)
    for start, end in _spans(tokens):
        before = "".join(tokens[:start])
        formula, after = "".join(tokens[start : end + 1]), tokens[end + 1]
        yield Formula(formula, before[-1:], after[:1], before.count("\n"))


def without_code(source: str) -> str:
    """Return Markdown with its code spans and blocks blanked out, line by line.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    str
        Of the same length, with the same line breaks.
    """
    for code in (_FENCED, _QUOTED):
        source = code.sub(lambda found: re.sub(".", " ", found[0]), source)
    return source


def _tokens(source: str) -> list[str]:
    for code in (_FENCED, _QUOTED):
        source = code.sub(lambda found: found[0].replace("$", _HIDDEN), source)
    return _TOKEN.split(source)


def put_aside(source: str) -> tuple[str, list[str]]:
    """Replace formulas by places, and return them beside the text.

    A dollar sign with a backslash begins no formula here. But Markdown takes the backslash away,
    and JupyterLab then searches once more, in a page that has its formulas back.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    text : str
        With ``@@0@@``, ``@@1@@``, … in place of the formulas.
    formulas : list of str
        With their delimiters.
    """
    tokens = _tokens(source)
    formulas: list[str] = []
    for start, end in _spans(tokens):
        formulas.append("".join(tokens[start : end + 1]).replace(_HIDDEN, "$"))
        tokens[start : end + 1] = [f"@@{len(formulas) - 1}@@", *[""] * (end - start)]
    return "".join(tokens).replace(_HIDDEN, "$"), formulas


def _spans(tokens: list[str]) -> Iterator[tuple[int, int]]:
    """Find the first and last token of each formula."""
    start = last = depth = 0
    closing = ""
    for number in range(1, len(tokens), 2):
        token = tokens[number]
        if token.startswith("@"):
            yield number, number
        elif closing:
            if token == closing and not depth:
                yield start, number
                closing, last = "", 0
            elif token == closing:
                last = number
            elif re.search(r"\n.*\n", token):
                if last:
                    yield start, last
                closing, last, depth = "", 0, 0
            elif token == "{":
                depth += 1
            elif token == "}" and depth:
                depth -= 1
        elif token in ("$", "$$"):
            start, closing, depth = number, token, 0
        elif token in (r"\\(", r"\\["):
            start, closing, depth = number, {"(": r"\\)", "[": r"\\]"}[token[-1]], 0
        elif token.startswith(r"\begin"):
            start, closing, depth = number, r"\end" + token[len(r"\begin") :], 0
    if closing and last:
        yield start, last
