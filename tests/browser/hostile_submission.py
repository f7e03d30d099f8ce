"""A submission with every attack that we know of upon whoever looks at it in formgrader."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.hub_config.courses import Course

BASE = "/user/instructor"
GRADER = f"{BASE}/formgrader"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
#: What a script leaves behind if it runs as a page of the hub's.
RAN = "localStorage.setItem('{}',1)"
#: HTML that runs a script by itself, each in its own way, if nothing keeps it from that.
RAW = {
    "script": "<script>{}</script>",
    "file": "<script src=page.js></script>",
    "module": "<script type=module>{}</script>",
    "image": '<img src=x onerror="{}">',
    "vector": '<svg onload="{}"></svg>',
    "frame": '<iframe srcdoc="<script>{}</script>"></iframe>',
    "page": "<iframe src=page.html></iframe><object data=page.html></object><embed src=page.html>",
    "address": '<iframe src="javascript:{}"></iframe>',
    "details": '<details open ontoggle="{}">x</details>',
    "focus": '<input autofocus onfocus="{}">',
    "formulas": "<script type='text/x-mathjax-config'>{}</script>",
    "base": "<base href=/user/instructor/files/submitted/student1/ps1/>",
}


def ran(name: str) -> str:
    return RAN.format(name)


def submit(course: Course, evil: Path) -> None:
    """Hand in a notebook with every attack, and files beside it, as student1."""
    folder = course.folder / "submitted" / "student1" / course.assignment
    folder.mkdir(parents=True)
    released = course.folder / "release" / course.assignment / course.notebook
    notebook = nbformat.read(released, as_version=4)
    shows = {
        "filenames": f"{{'filenames': {{'image/png': '{GRADER}?path={evil}'}}}}",
        "width": f"{{'image/png': {{'width': \"1 onerror={ran('width')}\"}}}}",
        "top": f"{{'height': \"1 onerror={ran('height')}\"}}",
        "size": "{'image/png': {'width': 40, 'height': 30}}",
    }
    lines = [
        f"display({{'image/png': '{PIXEL if name == 'size' else 'AAAA'}', 'text/plain': 'x'}}, "
        f"raw=True, metadata={metadata})"
        for name, metadata in shows.items()
    ]
    lines += [
        f"display({{'text/html': {html.format(ran(name))!r}}}, raw=True)"
        for name, html in RAW.items()
    ]
    notebook.cells[1].source = "import numpy as np\n\n\ndef mean(x):\n    return np.mean(x)\n"
    notebook.cells[1].source += "\n".join(["", *lines])
    words = (
        f'[my figure](page.html) $x^2$\n\n![loss](loss.png)\n\n<img src=x onerror="{ran("md")}">'
    )
    notebook.cells.append(new_markdown_cell(words))
    notebook.cells.append(new_code_cell("1 + 1"))
    nbformat.write(notebook, folder / course.notebook)
    for name, content in beside().items():
        (folder / name).write_bytes(content)


def beside() -> dict[str, bytes]:
    """Return files of every type that a browser shows, each with a script."""
    html = f"<!doctype html><body>beside<script>{ran('beside')}</script></body>"
    xhtml = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body>beside'
        f"<script>{ran('beside')}</script></body></html>"
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg"><text>beside</text>'
        f"<script>{ran('beside')}</script></svg>"
    )
    texts = {
        "page.html": html,
        "page.htm": html,
        "page.xhtml": xhtml,
        "page.xht": xhtml,
        "page.svg": svg,
        "page.xml": xhtml,
        "page.js": ran("file"),
        "page.pdf": "%PDF-1.4",
        "page.md": html,
        "page": html,
    }
    files = {name: text.encode() for name, text in texts.items()}
    return files | {"loss.png": base64.b64decode(PIXEL)}
