"""Server extension: says in a sentence that nothing listens on a port, instead of a bare "500".

`jupyter_server_proxy` shows a program of the user's, such as TensorBoard, under ``proxy/PORT/``.
Jupyter Server loads extensions by name, and the first address that fits is served: this module
comes before that one.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.utils import url_path_join
from jupyter_server_proxy.config import ServerProxy
from jupyter_server_proxy.handlers import LocalProxyHandler, ProxyHandler, RemoteProxyHandler
from tornado import web


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Serve the addresses of ports, as jupyter-server-proxy does."""
    settings = ServerProxy(parent=server)
    same = {"rewrite_response": settings.non_service_rewrite_response}
    hosts = {"host_allowlist": settings.host_allowlist}
    base = server.web_app.settings["base_url"]
    rules: list[tuple[str, type, dict[str, Any]]] = []
    for path, absolute in (("/proxy/", False), ("/proxy/absolute/", True)):
        prefix = url_path_join(base, path)
        options = same | {"absolute_url": absolute}
        rules.append((prefix + r"([^/:@]+):(\d+)(/.*|)", RemotePort, options | hosts))
        rules.append((prefix + r"(\d+)(/.*|)", LocalPort, options))
    server.web_app.add_handlers(".*", rules)


class Said(ProxyHandler):
    """Answers with a sentence where nothing listens."""

    async def proxy(self, *where: str) -> None:
        """Pass a request on.

        Parameters
        ----------
        *where : str
            The parts of its address: host (if any), port, path.

        Raises
        ------
        tornado.web.HTTPError
            502 if nothing listens there.
        """
        try:
            await super().proxy(*where)
        except ConnectionRefusedError as error:
            port = where[-2]
            raise web.HTTPError(
                502,
                f"Nothing listens on port {port} here. Start the program in a terminal of this "
                f"server (for example: tensorboard --logdir ~/logs --port {port}), wait until it "
                "prints its address, and load this page again.",
            ) from error


class LocalPort(Said, LocalProxyHandler):
    """``proxy/PORT/``."""


class RemotePort(Said, RemoteProxyHandler):
    """``proxy/HOST:PORT/``."""
