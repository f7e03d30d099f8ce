"""Find a Chromium for the browser tests, or install one; ``make test`` runs it first."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = (
    "No Chromium was found and none could be installed; install the package `chromium` of your "
    "system, or set CHROMIUM to the path of one. The browser tests need it."
)


def find_chromium() -> str | None:
    """Path of a Chromium: $CHROMIUM, one on the PATH, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return _playwrights_own()


def install_chromium() -> str | None:
    """Install one with the system's packages, else Playwright's own; return its path."""
    if shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if (not prefix or shutil.which("sudo")) and _runs([*prefix, "true"]):
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            _runs([*prefix, "apt-get", "update", "-q"], **quiet)
            _runs([*prefix, "apt-get", "install", "-yq", "chromium"], **quiet)
    if not find_chromium() and importlib.util.find_spec("playwright"):
        _runs([sys.executable, "-m", "playwright", "install", "chromium"])
    return find_chromium()


def _playwrights_own() -> str | None:
    if not importlib.util.find_spec("playwright"):
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return str(path) if path.exists() else None


def _runs(argv: list[str], **environment: str) -> bool:
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=900,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> int:
    """Return 0, or in continuous integration 1 where there is no Chromium."""
    if find_chromium():
        return 0
    sys.stderr.write("Installing Chromium for the browser tests (once)\n")
    if install_chromium():
        return 0
    sys.stderr.write(f"{REMEDY}\n")
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
