"""Who is in which group of a hub whose users come from an identity provider or a learning platform.

The lists in the values come first (`hub_config.roles`); a provider's groups and a platform's roles
can add to them. Both are read again whenever a server starts, and not only at a login: who is taken
off a list has the machines of that list no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyterhub.utils import maybe_future
from tornado.web import HTTPError
from traitlets.config import Config

from hub_config import roles
from hub_config.kubernetes.settings import USERNAME, Custom

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
#: The role *in the course*. A platform sends `institution/person#Instructor`, too, for everybody
#: who teaches anything anywhere.
INSTRUCTOR = ("http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor", "Instructor")
#: Where a provider's groups are kept in its ``auth_state``, for whenever a server starts.
GROUPS_KEY = "dlef_groups"


class People:
    """The groups of everybody.

    Parameters
    ----------
    custom : Custom
        Our settings.
    """

    def __init__(self, custom: Custom):
        self.roster = roles.Roster(custom.groups)
        self.of_provider = custom.provider_groups
        self.context = custom.lti_context

    @property
    def may_teach_unlisted(self) -> bool:
        """Whether a provider or a platform can make somebody an instructor."""
        return bool(self.context) or roles.INSTRUCTORS in self.of_provider.values()

    def groups(self, user: str, state: Mapping[str, Any] | None) -> list[str]:
        """Name the groups of a user.

        Parameters
        ----------
        user : str
            The hub's name.
        state : mapping or None
            What the provider said at the last login.
        """
        state = state or {}
        theirs = set(state.get(GROUPS_KEY) or ()) & set(self.of_provider)
        found = {*self.roster.groups(user), *(self.of_provider[name] for name in theirs)}
        if self.context and not set(INSTRUCTOR).isdisjoint(state.get(f"{CLAIM}roles") or ()):
            found.add(roles.INSTRUCTORS)
        return sorted(found - {roles.STUDENTS} if roles.INSTRUCTORS in found else found)

    async def refreshed(self, user: Any) -> list[str]:
        """Correct and return the groups of somebody with a valid session."""
        groups = self.groups(user.name, await user.get_auth_state())
        user.sync_groups(groups)
        return groups

    def at_login(self, authenticator: Any, handler: Any, found: dict[str, Any]) -> dict[str, Any]:
        """Complete what an authenticator found; a value for ``Authenticator.post_auth_hook``.

        Raises
        ------
        HTTPError
            Where somebody comes from another course of the learning platform.
        """
        state = {**(found.get("auth_state") or {}), GROUPS_KEY: list(found.get("groups") or ())}
        if self.context:
            came_from = (state.get(f"{CLAIM}context") or {}).get("id")
            if came_from != self.context:
                raise HTTPError(
                    403,
                    f"{found['name']} came from the course {came_from}, not {self.context}",
                    reason="This hub belongs to another course: open it from that one",
                )
        # Nobody administers the hub from the browser, whatever the provider calls them.
        groups = self.groups(found["name"], state)
        return {**found, "auth_state": state, "groups": groups, "admin": False}

    async def later(
        self, authenticator: Any, user: Any, state: dict[str, Any] | None
    ) -> bool | dict[str, Any]:
        """Look again at who is logged in; a value for ``OAuthenticator.refresh_user_hook``.

        OAuthenticator itself would give a user the provider's groups in place of the hub's.
        """
        if not state:
            return False
        model = {"name": user.name, "auth_state": state, "groups": state.get(GROUPS_KEY, [])}
        if not await maybe_future(authenticator.check_allowed(user.name, {**model, "admin": None})):
            return False
        return {**model, "groups": self.groups(user.name, state), "admin": False}


def teams(state: Mapping[str, Any]) -> list[str]:
    """Name the teams of GitHub, as ORGANISATION:TEAM, that a provider spoke of."""
    return [
        f"{team['organization']['login']}:{team['slug']}"
        for team in state.get("teams") or ()
        if isinstance(team, Mapping)
    ]


def set_people(c: Config, people: People) -> None:
    """Give everybody their groups at each login, and let in no name that is not a folder's.

    Parameters
    ----------
    c : Config
        The hub's configuration; who may log in stands in it already.
    people : People
        Who is in which group; those whom it lists may log in.
    """
    c.Authenticator.manage_groups = True
    c.Authenticator.enable_auth_state = True  # encrypted, by a key that the chart makes
    c.Authenticator.post_auth_hook = people.at_login
    c.Authenticator.username_pattern = USERNAME
    c.OAuthenticator.auth_state_groups_key = teams  # where hub.config names no other
    c.OAuthenticator.refresh_user_hook = people.later
    listed = {user for users in people.roster.members.values() for user in users}
    for name in [one for one in c if one.endswith("Authenticator")]:
        # The section of a class wins over that of its parents.
        c[name].allowed_users = {*c[name].get("allowed_users", ()), *listed}
        c[name].admin_users = set()  # nobody administers the hub from the browser
        c[name].allow_existing_users = False  # else somebody taken off a list stays in
    c.JupyterHub.cookie_max_age_days = 1  # nor stays in by a session
