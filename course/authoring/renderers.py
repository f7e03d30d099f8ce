"""Reads Markdown as each program that shows it to students does, in a form that can be compared."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from html.parser import HTMLParser
from typing import Any, Literal

from course.authoring.formulas import PLACE, put_aside

Kind = Literal["tag", "text", "code", "formula", "display", "html", "hidden"]

# The elements that carry meaning; the rest only lays out, each renderer in its own way.
_TAGS = {"ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "th", "td", "pre", "blockquote", "hr"}
_TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "img", "input"}
_SYNONYMS = {"s": "del"}
# How the renderers below hand on what the reader of their HTML could not tell from text.
_SPECIAL: dict[str, Kind] = {"x-formula": "formula", "x-display": "display", "x-html": "html"}
_SPECIAL["x-hidden"] = "hidden"


@dataclass
class Piece:
    """A stretch of what a reader sees.

    Parameters
    ----------
    kind : str
        ``tag`` for an element that begins or ends; else what kind of characters these are. Told
        by the website alone: ``html`` that the author wrote, and lines that stay ``hidden``.
    value : str
        The tag, or the characters.
    starts : list of (int, int)
        Which line of the text, counted from 0, each block of it begins on, and at which character.
    """

    kind: Kind
    value: str
    starts: list[tuple[int, int]]

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.starts[0][1]

    def line_at(self, place: int) -> int:
        """Return the line on which the block with the character at `place` begins.

        Parameters
        ----------
        place : int
            Position in `value`, counted from 0.

        Returns
        -------
        int
            Counted from 0.
        """
        return max(line for start, line in self.starts if start <= place)

    def same(self, other: "Piece") -> bool:
        """Whether both show the same, wherever lines are broken.

        Parameters
        ----------
        other : Piece
            A piece that another renderer made.

        Returns
        -------
        bool
        """
        ours, theirs = ("".join(piece.value.split()) for piece in (self, other))
        return self.kind == other.kind and ours == theirs


@dataclass(frozen=True)
class Renderer:
    """A place that shows Markdown."""

    name: str
    render: Callable[[str], list[Piece]]


def website(source: str) -> list[Piece]:
    """Read Markdown as the website of the lectures does, with the line of each piece.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    list of Piece
    """
    return read_page(_myst().render(source))


def nbconvert(source: str) -> list[Piece]:
    """Read Markdown as nbconvert does, for formgrader and feedback.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    list of Piece
        All on line 0.
    """
    html: str = _mistune()(source)
    return read_page(html)


def jupyterlab(source: str) -> list[Piece]:
    """Read Markdown as JupyterLab does: formulas are put aside first, then the rest is read.

    Parameters
    ----------
    source : str
        Markdown.

    Returns
    -------
    list of Piece
        All on line 0.
    """
    text, formulas = put_aside(source)
    return read_page(_gfm().render(text), formulas)


def read_page(html: str, formulas: Sequence[str] = ()) -> list[Piece]:
    """Read what a page shows.

    Parameters
    ----------
    html : str
        The page, or a part of it, with formulas as ``x-formula`` or ``x-display`` elements.
    formulas : sequence of str
        Those that were put aside: ``@@0@@`` stands for the first.

    Returns
    -------
    list of Piece
        Without what only lays out, such as paragraphs.
    """
    reader = _Reader(formulas)
    reader.feed(html)
    reader.close()
    return reader.pieces


#: The website comes first: it alone knows the lines.
RENDERERS = (
    Renderer("the website", website),
    Renderer("JupyterLab", jupyterlab),
    Renderer("feedback", nbconvert),
)


@cache
def _myst() -> Any:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import make_fence_rule
    from markdown_it.token import Token
    from mdit_py_plugins.amsmath import amsmath_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.myst_blocks import myst_block_plugin
    from mdit_py_plugins.myst_role import myst_role_plugin

    def number_lines(state: Any) -> None:
        numbered = []
        for token in state.tokens:
            if token.map and token.nesting >= 0:
                numbered.append(Token("line", "", 0, map=token.map))
            numbered.append(token)
        state.tokens = numbered

    def line(_: Any, tokens: Any, number: int, *__: Any) -> str:
        return f'<x-line number="{tokens[number].map[0]}">'

    def hidden(*_: Any) -> str:
        return _element("x-hidden", "-")

    def html(_: Any, tokens: Any, number: int, *__: Any) -> str:
        return _element("x-html", tokens[number].content)

    def fence(_: Any, tokens: Any, number: int, *__: Any) -> str:
        return _element("pre", tokens[number].content)

    def formula(content: str, options: dict[str, Any]) -> str:
        return _element("x-display" if options["display_mode"] else "x-formula", content)

    def environment(content: str) -> str:
        return _element("x-display", content)

    markdown = MarkdownIt("commonmark").enable("table")
    markdown.use(myst_block_plugin).use(myst_role_plugin).use(footnote_plugin, inline=False)
    markdown.use(dollarmath_plugin, renderer=formula, label_renderer=lambda _: "")
    markdown.use(amsmath_plugin, renderer=environment).use(deflist_plugin)
    colons = make_fence_rule(markers=(":",), token_type="colon_fence")
    may_interrupt = ["paragraph", "reference", "blockquote", "list", "footnote_def"]
    markdown.block.ruler.before("fence", "colon_fence", colons, {"alt": may_interrupt})
    markdown.core.ruler.push("number_lines", number_lines)
    for kind in ("myst_target", "myst_line_comment", "myst_block_break"):
        markdown.add_render_rule(kind, hidden)
    for kind in ("html_inline", "html_block"):
        markdown.add_render_rule(kind, html)
    markdown.add_render_rule("line", line)
    markdown.add_render_rule("colon_fence", fence)
    return markdown


@cache
def _gfm() -> Any:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    markdown.options["strikethrough_single_tilde"] = True
    return markdown


@cache
def _mistune() -> Any:
    # Takes a second, so only commands that read Markdown pay for it.
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class WithFormulas(IPythonRenderer):
        """Writes formulas as elements, not as text in dollars that a script finds later."""

        def block_math(self, body: str) -> str:
            return _element("x-display", body)

        def inline_math(self, body: str) -> str:
            return _element("x-formula", body)

        def latex_environment(self, name: str, body: str) -> str:
            return _element("x-display", rf"\begin{{{name}}}{body}\end{{{name}}}")

    return MarkdownWithMath(WithFormulas(escape=False, exclude_anchor_links=True))


def _element(tag: str, content: str) -> str:
    return f"<{tag}>{escape(content)}</{tag}>"


class _Reader(HTMLParser):
    """Collects the pieces of a page, with `formulas` back in their places."""

    def __init__(self, formulas: Sequence[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.formulas = formulas
        self.pieces: list[Piece] = []
        self.within: list[str] = []
        self.line = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "x-line":
            self.line = int(dict(attrs)["number"] or 0)
        if tag in (*_SPECIAL, "pre", "code"):
            self.within.append(tag)
        self._add_tag(tag, "")

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()
        self._add_tag(tag, "/")

    def handle_data(self, data: str) -> None:
        place = self.within[-1] if self.within else ""
        if place in _SPECIAL:
            self._add(_SPECIAL[place], data)
        elif place:
            self._add("code", PLACE.sub(self._put_back, data))
        else:
            for number, part in enumerate(PLACE.split(data)):
                if number % 2 and int(part) < len(self.formulas):
                    self._add(*_undelimited(self.formulas[int(part)]))
                else:
                    self._add("text", f"@@{part}@@" if number % 2 else part)

    def _put_back(self, found: re.Match[str]) -> str:
        number = int(found[1])
        return self.formulas[number] if number < len(self.formulas) else found[0]

    def _add_tag(self, tag: str, slash: str) -> None:
        tag = _SYNONYMS.get(tag, tag)
        # Code that is set in colours has no <code> within its <pre>.
        if tag in _TAGS and not (tag == "code" and "pre" in self.within):
            self.pieces.append(Piece("tag", f"<{slash}{tag}>", [(0, self.line)]))

    def _add(self, kind: Kind, data: str) -> None:
        value = " ".join(data.split())
        last = self.pieces[-1] if self.pieces else None
        if value and last and last.kind == kind and kind in ("text", "code"):
            last.value += " "
            last.starts.append((len(last.value), self.line))
            last.value += value
        elif value:
            self.pieces.append(Piece(kind, value, [(0, self.line)]))


def _undelimited(formula: str) -> tuple[Kind, str]:
    if formula.startswith("@"):
        return "text", formula
    if formula.startswith("$$"):
        return "display", formula[2:-2]
    if formula.startswith("$"):
        return "formula", formula[1:-1]
    if formula.startswith(r"\\"):
        return ("display" if formula[2] == "[" else "formula"), formula[3:-3]
    return "display", formula
