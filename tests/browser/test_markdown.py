"""JupyterLab shows the lectures and assignments as their authors wrote them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from playwright.sync_api import TimeoutError, sync_playwright

from course.authoring.renderers import website
from tests.browser.install_chromium import REMEDY, find_chromium
from tests.browser.reading import OFFLINE, ROOT, shown, summary, written

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NOTEBOOKS = sorted(
    [*ROOT.glob("course/lectures/*.ipynb"), *ROOT.glob("assignments/source/*/*.ipynb")]
)
# What is not shown as it was written, to see that this test would notice.
GARBLED = [r"It costs 165 \$ and 35 \$.", "165 &#36; or 35 &#36;", "a $\\frac{1}{2$ b", "~~x~~"]
# All cells at once, however long the notebook.
SETTINGS = {"windowingMode": "none", "autoStartDefaultKernel": False}
# Whether the first cells have as many formulas as they should.
ALL_SET = """
counts => {
    const cells = document.querySelectorAll(".jp-MarkdownOutput");
    return counts.every((count, n) => cells[n].querySelectorAll("mjx-container").length === count);
}
"""
PATIENCE = 120  # seconds, on a busy two-core machine


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """A JupyterLab of its own that knows nobody's settings; yields the address of its folder."""
    folders = {
        f"JUPYTER{name}_DIR": str(tmp_path / name.lower())
        for name in ("_CONFIG", "_DATA", "_RUNTIME", "LAB_SETTINGS", "LAB_WORKSPACES")
    }
    settings = Path(folders["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps(SETTINGS))
    (tmp_path / "files").mkdir()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    ours = ["--ip=127.0.0.1", "--IdentityProvider.token=", "--LabApp.news_url=None"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *ours, f"--ServerApp.root_dir={tmp_path / 'files'}"],
            env={**os.environ, **folders, "IPYTHONDIR": str(tmp_path / "ipython")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"{_address(server, Path(folders['JUPYTER_RUNTIME_DIR']))}doc/tree"
    finally:
        server.terminate()
        server.wait()


def _address(server: subprocess.Popen, runtime: Path) -> str:
    for _ in range(PATIENCE * 5):
        for path in runtime.glob("jpserver-*.json"):
            return json.loads(path.read_text())["url"]
        assert server.poll() is None, "JupyterLab did not start"
        time.sleep(0.2)
    pytest.fail("JupyterLab did not start")


def test_jupyterlab_shows_what_was_written(lab: str, tmp_path: Path) -> None:
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(REMEDY)
    texts = [(book.stem, source) for book in NOTEBOOKS for source in written(book)]
    texts += [("garbled", source) for source in GARBLED]
    book = new_notebook(cells=[new_markdown_cell(source) for _, source in texts])
    nbformat.write(book, tmp_path / "files" / "all.ipynb")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", OFFLINE]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(f"{lab}/all.ipynb")
        cells = page.locator(".jp-MarkdownOutput")
        page.wait_for_function(
            f"document.querySelectorAll('.jp-MarkdownOutput').length === {len(texts)}"
        )
        expected = [summary(website(source)) for _, source in texts]
        formulas = [sum(kind in ("formula", "display") for kind, _ in cell) for cell in expected]
        with contextlib.suppress(TimeoutError):  # the comparison says which are not there
            page.wait_for_function(ALL_SET, arg=formulas[: -len(GARBLED)], timeout=30_000)
        seen = shown(cells, ".jp-InternalAnchorLink")
        browser.close()
    wrong: dict[str, list[str]] = {}
    for (name, source), right, there in zip(texts, expected, seen, strict=True):
        if there != right:
            wrong.setdefault(name, []).append(source)
    assert wrong.pop("garbled", []) == GARBLED
    assert not wrong
