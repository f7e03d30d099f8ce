"""What a browser may do on a formgrader page: run nbgrader's scripts and no others.

Pages show what students wrote, cleaned (`autograder.record.pages`). This is the second wall:
whatever gets past the cleaning, the browser runs no script that lacks the response's secret word,
and asks for no picture but those beside the notebook. The word is put into the source of
nbgrader's templates, never into a finished page, so that no student's text can carry it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, FileSystemLoader
from jinja2.ext import Extension
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader.handlers import template_path

#: The word of the response that is being written.
NONCE: ContextVar[str] = ContextVar("NONCE")
MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
#: nbconvert's macro but for the configuration: MathJax would have to evaluate a text, which none of
#: these pages allows, so it finds an object.
FORMULAS = """
{%- macro mathjax(url="MATHJAX2.7.7/latest.js?config=TeX-AMS_CHTML-full,Safe") -%}
<script nonce="{{ nonce() }}">
window.MathJax = {
  TeX: {equationNumbers: {autoNumber: "AMS", useLabelIds: true}},
  tex2jax: {
    inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]],
    displayMath: [["$$", "$$"], ["\\\\[", "\\\\]"]],
    processEscapes: true,
    processEnvironments: true
  },
  displayAlign: "center",
  messageStyle: "none",
  CommonHTML: {linebreaks: {automatic: true}}
};
</script>
<script nonce="{{ nonce() }}" src="{{ url }}"></script>
{%- endmacro %}
""".replace("MATHJAX", MATHJAX)
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
_QUOTED = re.compile(r'"\{\{\s*([\w.]+)\s*\}\}"')
_HANDLER = re.compile(r'\son\w+="([^"{}]*)"', re.IGNORECASE)


class Trusted(Extension):
    """Gives nbgrader's own scripts the word, and their variables the quoting that scripts need."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Rewrite the source of a template of nbgrader's; nbconvert's show what students wrote."""
        if filename is None or not Path(filename).is_relative_to(template_path):
            return source
        return _SCRIPT.sub(_trusted, source)


def _trusted(script: re.Match[str]) -> str:
    attributes, code = script.groups()
    code = _QUOTED.sub(r"{{ \1 | tojson }}", code)
    return f'<script nonce="{{{{ nonce() }}}}"{attributes}>{code}</script>'


class PageExporter(HTMLExporter):
    """nbconvert's exporter for the page of a submission."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(extra_loaders=[DictLoader({"mathjax.html.j2": FORMULAS})], **settings)

    def _create_environment(self) -> Environment:
        return _with_trust(super()._create_environment())


def environment() -> Environment:
    """Return what formgrader's other pages are made with; what an address names is escaped."""
    return _with_trust(Environment(loader=FileSystemLoader(template_path), autoescape=True))


def _with_trust(made: Environment) -> Environment:
    made.globals["nonce"] = NONCE.get
    made.add_extension(Trusted)
    return made


def _handlers() -> str:
    """Return the hashes of what nbgrader's templates do on a click, for a policy."""
    found = set()
    for file in sorted(Path(template_path).rglob("*")):
        if file.is_file():
            found.update(_HANDLER.findall(file.read_text(encoding="utf-8")))
    digests = (hashlib.sha256(code.encode()).digest() for code in sorted(found))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


HANDLERS = _handlers()
#: Of whatever is no page: it shows text, and belongs to no site.
NOTHING = "default-src 'none'; sandbox"
#: Of a file beside a notebook: besides, it may have colours, and pictures that it holds itself.
FILE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def page(nonce: str, pictures: str) -> str:
    """Return the policy of a page.

    Parameters
    ----------
    nonce : str
        The word of this response.
    pictures : str
        Address, without ``http:``, of the folder whose pictures are part of the page; may be empty.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' 'unsafe-hashes' {HANDLERS} {MATHJAX}",
            # MathJax writes style sheets, nbgrader style attributes; neither runs anything.
            f"style-src 'self' 'unsafe-inline' {MATHJAX}",
            f"font-src 'self' {MATHJAX}",
            f"img-src data: {pictures}".rstrip(),
            "connect-src 'self' https://api.cdnjs.com/libraries/mathjax",  # asks for its version
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
