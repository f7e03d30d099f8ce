"""One table for every hub: who is in which group, and what each may do, on both majors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from traitlets.config import Config

from hub_config import roles
from hub_config.roles import Roster
from tests.hub_config import second_hub

SCRIPT = Path(__file__).with_name("hub_database.py")
PEOPLE = {"instructors": ["ada"], "gpu-lab": ["ben"], "log in": ["ada", "ben", "cy"]}
FORMGRADER = "access:services!service=formgrader"

#: What JupyterHub 5 and 6 give everybody, each for herself alone. What is not here, nobody has: no
#: list of users, nobody else's server, no sharing of the own one.
OWN = {
    *("access:servers", "delete:servers", "read:servers", "servers"),
    *("read:tokens", "tokens"),
    *("read:users", "read:users:activity", "read:users:groups", "read:users:name"),
    *("read:shares", "read:users:shares", "users:shares", "users:activity"),
}
ONLY_6 = {"start:servers"}

#: kind of user: (name, groups on Kubernetes, groups on a laptop, what she may besides `OWN`)
TABLE = {
    "instructor": ("ada", ["instructors"], ["instructors"], {FORMGRADER}),
    "student with a GPU": ("ben", ["gpu-lab", "students"], ["students"], set()),
    "student": ("cy", ["students"], ["students"], set()),
}
SERVICES = {
    "formgrader": set(),  # who its visitor is, the hub tells it without any scope
    "jupyterhub-idle-culler": {*roles.CULLER_SCOPES, "read:users:name"},
}


class Majors:
    """Databases that both JupyterHubs have made, each once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.made: dict[tuple[str, str], dict] = {}

    def database(self, kind: str, major: str) -> dict:
        if (kind, major) not in self.made:
            folder = self.folder / f"{kind}-{major}"
            folder.mkdir()
            self.made[kind, major] = ask(kind, major, folder, PEOPLE)
        return self.made[kind, major]


def ask(kind: str, major: str, folder: Path, people: dict[str, list[str]]) -> dict:
    second = major == "5"
    done = subprocess.run(
        [second_hub.python() if second else sys.executable, SCRIPT, kind, folder],
        input=json.dumps(people),
        capture_output=True,
        text=True,
        env=second_hub.environment() if second else None,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["version"].startswith(f"{major}.")
    return found


@pytest.fixture(scope="module")
def majors(tmp_path_factory: pytest.TempPathFactory) -> Majors:
    return Majors(tmp_path_factory.mktemp("majors"))


everywhere = pytest.mark.parametrize(
    ("kind", "major"), [(k, m) for k in ("laptop", "kubernetes") for m in ("6", "5")]
)


@pytest.mark.slow
@everywhere
@pytest.mark.parametrize("who", TABLE)
def test_everybody_has_the_same_groups_and_scopes_on_every_hub(majors, kind, major, who):
    name, on_kubernetes, on_a_laptop, more = TABLE[who]
    found = majors.database(kind, major)["users"][name]
    own = OWN | ONLY_6 if major == "6" else OWN
    assert set(found["scopes"]) == {f"{scope}!user={name}" for scope in own} | more
    assert found["groups"] == (on_kubernetes if kind == "kubernetes" else on_a_laptop)


@pytest.mark.slow
@everywhere
def test_services_have_what_they_need_and_no_more(majors, kind, major):
    services = majors.database(kind, major)["services"]
    expected = dict(SERVICES)
    if kind == "laptop":  # where formgrader runs in the instructor's own server
        del expected["formgrader"]
    assert {name: set(one["scopes"]) for name, one in services.items()} == expected


@pytest.mark.slow
@everywhere
def test_roles_are_the_same_on_every_hub(majors, kind, major):
    found = majors.database(kind, major)
    assert found["roles"] == majors.database("laptop", "6")["roles"]
    assert found["roles"]["server"] == sorted(roles.SERVER_SCOPES)
    assert not [name for name, user in found["users"].items() if "admin" in user["roles"]]


@pytest.mark.slow
@everywhere
def test_who_is_taken_off_a_list_loses_role_and_groups(tmp_path, kind, major):
    ask(kind, major, tmp_path, PEOPLE)
    # The role goes when the hub starts, although nobody has logged in again; groups at the login.
    later = {"instructors": ["dee"], "gpu-lab": [], "log in": ["dee", "ben", "cy"]}
    found = ask(kind, major, tmp_path, later)["users"]
    assert FORMGRADER not in found["ada"]["scopes"]
    assert FORMGRADER in found["dee"]["scopes"]
    assert found["ben"]["groups"] == ["students"]


def test_an_instructor_is_no_student_and_everybody_else_is():
    roster = Roster({"instructors": ["Ada"], "gpu-lab": ["ada", "ben"]})
    assert roster.groups("ada") == ["gpu-lab", "instructors"]
    assert roster.groups("ben") == ["gpu-lab", "students"]
    assert roster.groups("cy") == ["students"]
    assert roster.instructors == ["ada"]


def test_groups_are_corrected_for_whoever_logged_in_before_the_list_changed():
    given = []
    user = SimpleNamespace(name="ada", sync_groups=given.append)
    assert roles.refreshed(Roster({"instructors": []}), user) == ["students"]
    assert given == [["students"]]


def test_what_a_configuration_has_stays():
    c = Config()
    c.JupyterHub.load_roles = [{"name": "theirs", "scopes": []}]
    c.JupyterHub.services = [{"name": "theirs"}]
    roles.set_roles(c, Roster({}))
    roles.set_culler(c, ["true"])
    named = [role["name"] for role in c.JupyterHub.load_roles]
    assert named == ["theirs", "server", "instructors", roles.CULLER]
    assert [one["name"] for one in c.JupyterHub.services] == ["theirs", roles.CULLER]
