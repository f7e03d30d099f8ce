"""Server extension: nbgrader's formgrader, without its ways to change what the server runs.

It takes the place of ``nbgrader.server_extensions.formgrader``. A page of formgrader shows what a
student wrote, so whatever a page makes a browser ask for by itself must be harmless: a GET reads no
configuration, from wherever, and changes none. And no script of a student's may run
(`hub_config.formgrader.policy`).
"""

from __future__ import annotations

import os
import re
import secrets
from functools import cached_property
from typing import Any

from jupyter_server.utils import url_path_join
from nbgrader.apps.api import NbGraderAPI
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from nbgrader.server_extensions.formgrader.base import BaseApiHandler, BaseHandler
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from tornado import web

from hub_config.formgrader import policy

START = "/formgrader/manage_assignments"
PICTURES = re.compile(r"/formgrader/submissions/[^/;, ]+/")
_RULES = (*handlers.default_handlers, *apihandlers.default_handlers)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Serve formgrader, as nbgrader's own extension does."""
    formgrader = Formgrader(parent=server)
    formgrader.root_dir, formgrader.log = server.root_dir, server.log
    formgrader.initialize([])
    formgrader.init_tornado_settings(server.web_app)
    formgrader.init_handlers(server.web_app)


class Formgrader(FormgradeExtension):
    """nbgrader's formgrader with handlers of ours."""

    @property
    def url_prefix(self) -> str:
        """Path from the server's folder to the course's; nbgrader's reads configuration."""
        return os.path.relpath(self.coursedir.root, self.root_dir)

    def init_tornado_settings(self, webapp: Any) -> None:
        """Set what handlers share; pages are made with templates that the policy knows.

        Parameters
        ----------
        webapp : tornado.web.Application
            The server.
        """
        super().init_tornado_settings(webapp)
        webapp.settings["nbgrader_exporter"] = policy.PageExporter(config=self.config)
        webapp.settings["nbgrader_jinja2_env"] = policy.environment()

    def init_handlers(self, webapp: Any) -> None:
        """Add every address that nbgrader has, with our handlers before its own.

        Parameters
        ----------
        webapp : tornado.web.Application
            The server.
        """
        rules = [
            *((pattern, guarded(handler), *rest) for pattern, handler, *rest in _RULES),
            (r"/formgrader/static/(.*)", web.StaticFileHandler, {"path": handlers.static_path}),
            (r"/formgrader/.*", guarded(handlers.Template404)),
        ]
        base = webapp.settings["base_url"]
        webapp.add_handlers(".*$", [(url_path_join(base, first), *rest) for first, *rest in rules])


class Guard(BaseHandler):
    """What every handler of formgrader does otherwise than nbgrader's."""

    @cached_property
    def nonce(self) -> str:
        """The word that scripts of this response carry."""
        return secrets.token_urlsafe(18)

    @property
    def content_security_policy(self) -> str:
        """What the browser may do; the server's own policy says who may frame it."""
        own = super().content_security_policy
        if isinstance(self, BaseApiHandler):  # JSON, which nbgrader calls HTML
            return f"{own}; {policy.NOTHING}"
        found = PICTURES.match(self.request.path.removeprefix(self.base_url))
        beside = f"{self.request.host}{self.base_url}{found[0]}" if found else ""
        return f"{own}; {policy.page(self.nonce, beside)}"

    async def prepare(self) -> None:
        """Tell the templates the word."""
        policy.NONCE.set(self.nonce)
        await super().prepare()

    @property
    def api(self) -> NbGraderAPI:
        """What nbgrader can do; its configuration is read again only where a person presses."""
        if self.request.method not in ("GET", "HEAD"):
            return super().api
        level = self.log.level
        api = NbGraderAPI(self.coursedir, self.authenticator, parent=self.coursedir.parent)
        api.log_level = level  # it has just set its own
        return api


class Start(Guard):
    """Goes on to the list of assignments."""

    @web.authenticated
    def get(self) -> None:
        """Redirect.

        nbgrader would take the folder of another course from the address, and run the
        ``nbgrader_config.py`` that lies there, whoever wrote it.
        """
        if self.get_query_arguments("path"):
            raise web.HTTPError(
                400,
                "Found 'path' in the address, expected none: formgrader shows the one course of "
                "this server; start a hub with another course to grade that.",
            )
        self.redirect(f"{self.base_url}{START}")


class FileBeside(Guard, handlers.SubmissionFilesHandler):
    """Serves a file that came with a notebook.

    Whatever it is, it may be HTML to a browser: it is shown as a page of no site, without scripts.
    """

    @property
    def content_security_policy(self) -> str:
        """What the browser may do, who may frame it included."""
        return f"{super(Guard, self).content_security_policy}; {policy.FILE}"

    def set_extra_headers(self, path: str) -> None:
        """Let a document that browsers do not show in a sandbox be saved.

        Parameters
        ----------
        path : str
            Of the file.
        """
        super().set_extra_headers(path)
        if self.get_content_type() == "application/pdf":
            self.set_header("Content-Disposition", "attachment")


#: Ours in the place of nbgrader's.
REPLACED: dict[type, type] = {
    handlers.FormgraderHandler: Start,
    handlers.SubmissionFilesHandler: FileBeside,
}


def guarded(handler: type) -> type:
    """Return our handler in the place of one of nbgrader's.

    Parameters
    ----------
    handler : type
        Any of nbgrader's.

    Returns
    -------
    type
        The same with our `Guard` before it, or ours altogether.
    """
    if handler in REPLACED:
        return REPLACED[handler]
    if not issubclass(handler, BaseHandler):  # files of nbgrader's own
        return handler
    return type(handler.__name__, (Guard, handler), {})
