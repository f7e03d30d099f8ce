"""Keeps a student's HTML from acting with the rights of the person who views it.

formgrader shows submissions as pages of the instructor's own server, where a script could read
hidden tests and change grades; feedback is a page too. These functions replace nbconvert's, whose
list of harmless tags lacks headings, paragraphs and table heads. What is in a notebook besides HTML
is cleaned by `autograder.record.pages`.
"""

from __future__ import annotations

import re
from html import unescape

import bleach
from nbconvert.filters.strings import files_url_pattern

TAGS = frozenset(
    {
        *("a", "abbr", "b", "blockquote", "br", "code", "del", "em", "hr", "i", "img", "kbd"),
        *("mark", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "u"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "div", "details", "summary"),
        *("dd", "dl", "dt", "li", "ol", "ul"),
        *("caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    }
)
ATTRIBUTES = ("align", "alt", "colspan", "height", "rowspan", "title", "width")
#: Classes that give tables, links and code their looks; pygments' have up to three letters.
#: formgrader finds by others what a click acts upon: `full-credit` is a button wherever it stands.
CLASS = re.compile(r"dataframe|highlight|hl-[\w+.-]+|anchor-link|tex2jax_ignore|[a-z][a-z0-9]{0,2}")
PROTOCOLS = frozenset(("data", "http", "https", "mailto"))


def clean(html: str) -> str:
    """Turn every tag and attribute that is not known to be harmless into text, or drop it.

    Parameters
    ----------
    html : str
        Anything.

    Returns
    -------
    str
        HTML without scripts, event handlers, frames, forms and styles.
    """
    return str(bleach.clean(html, tags=TAGS, attributes=_harmless, protocols=PROTOCOLS))


def clean_markdown(html: str) -> str:
    """Clean what Markdown became; nbgrader's pages call this under another name.

    Parameters
    ----------
    html : str
        Output of nbconvert's ``markdown2html``.

    Returns
    -------
    str
        HTML as from `clean`, with links to files as nbconvert writes them.
    """
    # Not nbconvert's `strip_files_prefix`: it also looks for links in Markdown, of which none is
    # left, and from each bracket to the end of the page.
    return clean(files_url_pattern.sub(r"\1=\2", html))


def _harmless(tag: str, name: str, value: str) -> bool:
    if (tag, name) == ("img", "src"):  # pictures may be part of the page, links may not
        address = _address(value)
        elsewhere = ":" in address or address.startswith("/") or ".." in address
        return address.startswith("data:image/") or not elsewhere
    if (tag, name) == ("a", "href"):
        return not _address(value).startswith("data:")
    if name == "class":
        return all(map(CLASS.fullmatch, value.split()))
    return name in ATTRIBUTES


def _address(value: str) -> str:
    """Read an address as a browser does, for which `&#58;` is a colon."""
    plain = re.sub(r"[\x00-\x20]", "", unescape(value)).lower()
    return plain.replace("\\", "/").replace("%2e", ".")
