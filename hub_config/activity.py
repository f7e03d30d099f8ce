"""Server extension: a server whose kernel computes is in use, however long it prints nothing.

A server tells the hub when it was last used, and the hub stops servers that nobody has used for
long. To Jupyter a kernel is used whenever it says something, and a training that takes two hours
in one call says nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tornado.ioloop import PeriodicCallback

EVERY_S = 20  # more often than servers report (300) and the hub looks (600)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Look at the kernels from now on."""

    def look() -> None:
        states = (kernel["execution_state"] for kernel in server.kernel_manager.list_kernels())
        if "busy" in states:
            # Jupyter Server counts every setting with this ending as activity.
            server.web_app.settings["computing_last_activity"] = datetime.now(UTC)

    PeriodicCallback(look, 1000 * EVERY_S).start()
