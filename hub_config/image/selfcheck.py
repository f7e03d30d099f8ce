"""``python -m hub_config.image.selfcheck``: says whether an image is as it should be; or a laptop.

Exit code 0 if everything is right, else 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hub_config.image import gpu, inspect, settings, smoke, versions
from hub_config.image.inspect import Fact


def examine(kind: str | None, constraints: Path) -> Iterator[Fact]:
    """Yield what is found, quick things first.

    Parameters
    ----------
    kind : str or None
        The image that this should be; None for a laptop.
    constraints : Path
        The versions that it was installed from.
    """
    yield inspect.user(kind)
    yield inspect.home(Path.home())
    yield inspect.shared_memory(kind)
    yield from inspect.modules()
    yield from inspect.pinned(kind, constraints)
    yield inspect.complete()
    yield inspect.sandbox(kind)
    yield from _kernels(kind)
    yield from _server(kind)


def _kernels(kind: str | None) -> Iterator[Fact]:
    for name in settings.kernels(kind) if kind else ("python3",):
        try:
            computed = smoke.kernel(name)
        except smoke.ProbeError as error:
            said = (
                f"Found that {error}; expected a kernel that computes 1 + 1; run "
                f"`jupyter kernelspec list`, and see its kernel.json."
            )
            yield Fact(f"kernel {name}", False, said)
            continue
        right = computed.answer == 2 and computed.product == 256
        said = f"1 + 1 is {computed.answer}, and a product of ones is {computed.product:g} of 256."
        yield Fact(f"kernel {name}", right, said)
        wanted = None if kind is None else kind == "gpu" and name == "python3"
        yield gpu.fact(name, computed, gpu.machine(), wanted=wanted)


def _server(kind: str | None) -> Iterator[Fact]:
    try:
        served = smoke.server()
    except smoke.ProbeError as error:
        said = f"Found that {error}; expected a server; start `jupyter lab` and read its messages."
        yield Fact("server", False, said)
        return
    lacking = [
        word
        for word, there in (
            ("JupyterLab", served.lab),
            ("nbgrader's list of assignments", served.assignments),
            ("the proxy that shows TensorBoard", served.proxy),
        )
        if not there
    ]
    if lacking:
        said = (
            f"Found no {', no '.join(lacking)}, expected all; run `jupyter server extension list`."
        )
        yield Fact("server", False, said)
    else:
        yield Fact("server", True, "JupyterLab, the list of assignments and the proxy answer.")
    if kind is None:
        shown = f"Offers {', '.join(served.titles)}. The laptop hub writes each server's settings."
        yield Fact("settings", True, shown)
        return
    yield _offered(kind, served)
    yield _formgrader(kind, served)


def _offered(kind: str, served: smoke.Served) -> Fact:
    expected = sorted(one["display_name"] for one in settings.kernels(kind).values())
    found = f"{', '.join(served.titles) or 'no kernel'}"
    if list(served.titles) == expected:
        return Fact("launcher", True, f"Offers {found}.")
    said = (
        f"Found {found} in the launcher, expected {', '.join(expected)}; write the settings again "
        f"with `python -m hub_config.image.settings {kind} …`, as the Dockerfile does."
    )
    return Fact("launcher", False, said)


def _formgrader(kind: str, served: smoke.Served) -> Fact:
    wanted = settings.role(kind) == "instructor"
    if served.formgrader == wanted:
        return Fact("formgrader", True, "On." if wanted else "Off, as for students.")
    said = (
        f"Found formgrader {'on' if served.formgrader else 'off'}, expected it "
        f"{'on' if wanted else 'off'} in this image; see jupyter_server_config.json in "
        "/etc/jupyter, and in ~/.jupyter, which goes before it."
    )
    return Fact("formgrader", False, said)


def main(argv: Sequence[str] | None = None) -> int:
    """Check, print, and return the exit code."""
    own = Path(sys.prefix) / "constraints.txt"  # in an image
    parser = argparse.ArgumentParser(prog="python -m hub_config.image.selfcheck")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--expect",
        choices=settings.KINDS,
        default=os.environ.get("DLEF_IMAGE"),
        help="which image this should be; without it, what the image says, or a laptop",
    )
    parser.add_argument(
        "--constraints",
        type=Path,
        default=own if own.exists() else versions.CHECKOUT / "constraints.txt",
        help="versions to compare with",
    )
    given = parser.parse_args(argv)
    found = list(examine(given.expect, given.constraints))
    console = Console()
    if given.json:
        console.out(json.dumps([asdict(fact) for fact in found], indent=1), highlight=False)
    else:
        console.print(_table(given.expect, found))
    return 0 if all(fact.right for fact in found) else 1


def _table(kind: str | None, found: Sequence[Fact]) -> Table:
    table = Table(title=f"Image {kind}" if kind else "This computer", title_justify="left")
    table.add_column("what")
    table.add_column("")
    table.add_column("found", overflow="fold")
    for fact in found:
        mark = "[green]ok[/]" if fact.right else "[bold red]no[/]"
        table.add_row(fact.name, mark, fact.said.replace("[", r"\["))
    return table


if __name__ == "__main__":
    sys.exit(main())
