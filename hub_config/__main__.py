"""``python -m hub_config install-proxy``: the step of `make setup` that belongs to the hub."""

from __future__ import annotations

import sys

from hub_config.laptop import proxy

USAGE = "usage: python -m hub_config install-proxy"


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
    if argv != ["install-proxy"]:
        print(f"Found {' '.join(argv) or 'no command'}; {USAGE}", file=sys.stderr)
        return 2
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
