"""Who is in which group of the hub, and what each may do there: the same on every hub.

Roles have the least scopes with which everything works. What is not here is JupyterHub's default:
a user has her own server and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from traitlets.config import Config

STUDENTS, INSTRUCTORS = "students", "instructors"
FORMGRADER = "formgrader"
CULLER = "jupyterhub-idle-culler"  # what the chart for Kubernetes calls its own

#: The default of both majors, said here so that a later one does not widen it unseen: a server says
#: that it is used, and lets in its owner.
SERVER_SCOPES = ["users:activity!user", "access:servers!server"]
#: Everything that jupyterhub-idle-culler asks for.
CULLER_SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers"]


class Roster:
    """Who is in which group. Whoever may log in and is no instructor is a student.

    Parameters
    ----------
    members : mapping of str to collection of str
        The users of each group; those of `STUDENTS` need not be named.
    """

    def __init__(self, members: Mapping[str, Collection[str]]):
        # JupyterHub knows users by small letters, however somebody wrote the list.
        self.members = {
            group: frozenset(user.lower() for user in users) for group, users in members.items()
        }

    def groups(self, user: str) -> list[str]:
        """Name the groups of somebody who may log in, in alphabetical order."""
        listed = {group for group, users in self.members.items() if user in users}
        return sorted(listed if INSTRUCTORS in listed else listed | {STUDENTS})

    @property
    def instructors(self) -> list[str]:
        """Those who teach, in alphabetical order."""
        return sorted(self.members.get(INSTRUCTORS, ()))


def set_groups(c: Config, roster: Roster) -> None:
    """Give everybody the groups of the roster at each login, whatever the authenticator.

    ``JupyterHub.load_groups`` would not do: it adds members and never removes any, and it cannot
    name those whom an identity provider lets in. Whatever depends on a group asks `refreshed`.

    Parameters
    ----------
    c : Config
        The hub's configuration.
    roster : Roster
        Who is in which group.
    """

    def with_groups(authenticator: Any, handler: Any, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "groups": roster.groups(found["name"])}

    c.Authenticator.manage_groups = True
    c.Authenticator.post_auth_hook = with_groups


def refreshed(roster: Roster, user: Any) -> list[str]:
    """Correct and return the groups of a user, who may have logged in before the roster changed.

    Parameters
    ----------
    roster : Roster
        Who is in which group.
    user : jupyterhub.user.User
        Somebody with a valid session, such as a spawner's user.
    """
    groups = roster.groups(user.name)
    user.sync_groups(groups)
    return groups


def set_roles(c: Config, roster: Roster) -> None:
    """Say who may do what.

    Parameters
    ----------
    c : Config
        The hub's configuration; roles that it has stay.
    roster : Roster
        Who is in which group.
    """
    _add(c, "load_roles", {"name": "server", "scopes": list(SERVER_SCOPES)})
    _add(
        c,
        "load_roles",
        {
            "name": INSTRUCTORS,
            "description": "May open formgrader, where there is one",
            "scopes": [f"access:services!service={FORMGRADER}"],
            # Users, not the group: whoever is taken off this list loses the role when the hub
            # starts again, and a group only with the next login.
            "users": roster.instructors,
        },
    )


def set_culler(c: Config, command: list[str]) -> None:
    """Let a service of the hub stop idle servers; the chart for Kubernetes brings the same one.

    Parameters
    ----------
    c : Config
        The hub's configuration; services and roles that it has stay.
    command : list of str
        What starts it.
    """
    _add(c, "services", {"name": CULLER, "command": command})
    _add(c, "load_roles", {"name": CULLER, "scopes": list(CULLER_SCOPES), "services": [CULLER]})


def _add(c: Config, trait: str, entry: dict[str, Any]) -> None:
    c.JupyterHub[trait] = [*c.JupyterHub.get(trait, []), entry]
