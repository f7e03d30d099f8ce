"""The error of a server that does not start, with what its user reads."""

from __future__ import annotations


class NotStartedError(Exception):
    """A server did not start; JupyterHub shows the message on the user's page.

    Parameters
    ----------
    message : str
        What was found, what was expected, and what to do.
    """

    def __init__(self, message: str):
        super().__init__(message)
        self.jupyterhub_message = message
