"""Reads the request for a new server from a form, a query or a call of the hub's API.

Both hubs refuse the same things here, and before a server is started. JupyterHub counts a start
that fails as a fault of the hub; one that it never begins does no harm to anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tornado.web import HTTPError
from traitlets import Dict

OPTION = "profile"
#: Names of options, as the API of JupyterHub 6 takes them.
NESTED = "user_options"
_SHOWN = 40  # characters of what was asked for: the log and the page repeat them


class ChoiceError(HTTPError):
    """What somebody asked for is not theirs to choose; JupyterHub answers with the message.

    Parameters
    ----------
    message : str
        What was found, what was expected, and what to do.
    status : int
        Of the answer.
    """

    def __init__(self, message: str, status: int = 400):
        super().__init__(status, message)
        self.jupyterhub_message = message

    def __str__(self) -> str:
        return str(self.jupyterhub_message)


class Asked(Dict):
    """What a spawner was asked for, whatever it is; a trait for ``Spawner.user_options``.

    JupyterHub 5 writes any JSON to its database, a list for example, and then finds that its own
    trait takes none: that user could start no server any more.
    """

    def validate(self, obj: Any, value: Any) -> Any:
        """Wrap what is no mapping, so that `chosen` finds and refuses it."""
        return super().validate(obj, value if isinstance(value, dict) else {NESTED: value})


def chosen(options: Any, names: Sequence[str]) -> str:
    """Return the name of the profile that a server starts with.

    Parameters
    ----------
    options : Any
        The spawner's ``user_options``. JupyterHub 5 hands over whatever JSON its API was sent.
    names : sequence of str
        The profiles that are offered; the first, if nothing is said.

    Raises
    ------
    ChoiceError
        If it is none of these.
    """
    if isinstance(options, Mapping):
        options = options.get(NESTED, options)
    wanted = options
    if options is None:
        return names[0]
    if isinstance(options, Mapping):
        wanted = options.get(OPTION, names[0])
        if isinstance(wanted, str) and wanted in names:
            return wanted
    kind = f"something of type {type(wanted).__name__}"
    found = repr(wanted[:_SHOWN]) if isinstance(wanted, str) else kind
    raise ChoiceError(
        f"Found {found} as the chosen profile, expected one of {', '.join(names)}; choose one of "
        "them."
    )


def from_form(form: Mapping[str, Sequence[str]], names: Sequence[str]) -> dict[str, str]:
    """Return the spawner's ``user_options`` for a form that came back, or a query.

    Parameters
    ----------
    form : mapping of str to sequence of str
        As JupyterHub hands it over. JupyterHub 6 takes the prefix off a query's names, and 5, which
        knows of none, does not.
    names : sequence of str
        The profiles that are offered.

    Raises
    ------
    ChoiceError
        If something else is chosen.
    """
    found = form.get(OPTION) or form.get(f"opt-{OPTION}")
    return {OPTION: chosen({OPTION: found[-1]} if found else {}, names)}


def settle(spawner: Any, options: Any, names: Sequence[str]) -> None:
    """Leave of what was asked for only the profile, and nothing of what is refused.

    JupyterHub has written the options to its database by now, and would take them up again at the
    next start.

    Parameters
    ----------
    spawner : Spawner
        Of the server that is to start.
    options : Any
        As JupyterHub hands them to ``Spawner.apply_user_options``.
    names : sequence of str
        The profiles that are offered; empty where there is nothing to choose.

    Raises
    ------
    ChoiceError
        If a profile is asked for that is not offered.
    """
    kept: dict[str, str] = {}
    try:
        if names:
            kept = {OPTION: chosen(options, names)}
    finally:
        spawner.user_options = spawner.orm_spawner.user_options = kept
