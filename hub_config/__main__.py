"""``python -m hub_config``: what belongs to the hub in `make setup`, and before a backup."""

from __future__ import annotations

import sys
from pathlib import Path

USAGE = "usage: python -m hub_config install-proxy, or python -m hub_config keep-times BOXES"


def main(argv: list[str]) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str
        The words after ``python -m hub_config``.

    Returns
    -------
    int
        Exit code: 0, or 2 for words that are not understood.
    """
    if len(argv) == 2 and argv[0] == "keep-times":
        return _keep_times(Path(argv[1]))
    if argv != ["install-proxy"]:
        print(f"Found {' '.join(argv) or 'no command'}; {USAGE}", file=sys.stderr)
        return 2
    from hub_config.laptop import proxy

    try:
        new = proxy.install()
    except proxy.ProxyInstallError as error:
        print(
            f"The hub will use the pure-Python proxy, because configurable-http-proxy "
            f"{proxy.CHP_VERSION} could not be installed ({error}); "
            "run `.venv/bin/python -m hub_config install-proxy` to try again."
        )
        return 0
    print(f"Proxy configurable-http-proxy {proxy.CHP_VERSION} {'installed' if new else 'is there'}")
    return 0


def _keep_times(boxes: Path) -> int:
    from hub_config.exchange import times

    if not boxes.is_dir():
        print(f"Found no folder {boxes}; give that of everybody's boxes.", file=sys.stderr)
        return 2
    print(f"The times of {times.keep(boxes)} submissions are in {boxes / times.FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
