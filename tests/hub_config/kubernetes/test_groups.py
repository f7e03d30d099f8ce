"""Real authenticators, as the hub's pod configures them; only the provider's answers are given."""

import asyncio

import pytest
from jupyterhub import orm
from jupyterhub.crypto import CryptKeeper
from jupyterhub.user import User
from ltiauthenticator.lti13.auth import LTI13Authenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from tornado.web import HTTPError
from traitlets.config import Config

from hub_config import roles
from hub_config.kubernetes import groups as kubernetes_groups
from hub_config.kubernetes import settings

CLAIM = kubernetes_groups.CLAIM
IN_COURSE = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
ANYWHERE = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


def everybody(**more):
    """Return the people of a hub with one listed instructor and one of the GPU lab."""
    raw = {
        "course": {"id": "dlef"},
        "images": {"cpu": "a:1", "gpu": "b:1", "grader": "c:1"},
        "groups": {"instructors": ["Ada"], "gpu-lab": ["bob"]},
        "volumes": {"shared_gib": 5},
        **more,
    }
    groups = ("students", "instructors", "gpu-lab")
    return kubernetes_groups.People(settings.read(raw, groups=groups, profiles=()))


def authenticator(klass, found, **settings):
    """Make an authenticator of a hub as its configuration says."""
    c = Config({klass.__name__: settings})
    kubernetes_groups.set_people(c, found)
    return klass(config=c)


def launch(user, *said, context="4711"):
    """What a learning platform says of somebody who opens the hub from a course."""
    return {"sub": user, f"{CLAIM}roles": list(said), f"{CLAIM}context": {"id": context}}


def enters(login, token):
    return asyncio.run(login.get_authenticated_user(None, token))


@pytest.fixture
def lti():
    found = everybody(lti={"context": "4711"})
    return authenticator(LTI13Authenticator, found, allow_all=True, username_key="sub")


@pytest.mark.parametrize(
    ("user", "said", "groups"),
    [
        ("ann", [LEARNER], ["students"]),
        ("ann", [], ["students"]),
        ("bob", [LEARNER], ["gpu-lab", "students"]),
        ("ada", [LEARNER], ["instructors"]),  # listed
        ("tim", [IN_COURSE], ["instructors"]),
        ("bob", ["Instructor"], ["gpu-lab", "instructors"]),  # the short form
        ("tim", [LEARNER, ANYWHERE], ["students"]),  # teaches, but not this course
    ],
)
def test_the_role_in_the_course_decides_who_teaches(lti, user, said, groups):
    found = enters(lti, launch(user, *said))
    assert found["groups"] == groups
    assert found["admin"] is False


def test_nobody_comes_in_from_another_course(lti):
    for context in ("4712", None):
        with pytest.raises(HTTPError) as refused:
            enters(lti, launch("eve", IN_COURSE, context=context))
        assert refused.value.status_code == 403
        assert "another course" in refused.value.reason


@pytest.mark.parametrize("user", ["instructor", "a/b", "../ada", "..", "a+b", "{username}"])
def test_a_name_that_is_no_folder_stays_outside(lti, user):
    assert enters(lti, launch(user, LEARNER)) is None


def test_teams_of_github_are_groups_of_the_hub():
    found = everybody(provider_groups={"econ:teachers": "instructors", "econ:gpu": "gpu-lab"})
    login = authenticator(GitHubOAuthenticator, found, allowed_organizations=["econ"])
    answer = {"teams": [{"organization": {"login": "econ"}, "slug": "teachers"}]}

    async def model():
        start = {"name": "tim", "admin": None, "auth_state": answer}
        return await login.run_post_auth_hook(None, await login._apply_managed_groups(start))

    made = asyncio.run(model())
    assert made["groups"] == ["instructors"]
    assert made["auth_state"][kubernetes_groups.GROUPS_KEY] == ["econ:teachers"]


def test_a_providers_group_that_happens_to_be_called_as_ours_gives_nothing():
    found = everybody(provider_groups={"teachers": "instructors"})
    login = authenticator(
        GenericOAuthenticator, found, allow_all=False, auth_state_groups_key="person.groups"
    )

    async def groups(names):
        start = {"name": "tim", "admin": None, "auth_state": {"person": {"groups": names}}}
        made = await login.run_post_auth_hook(None, await login._apply_managed_groups(start))
        return made["groups"]

    assert asyncio.run(groups(["instructors", "admin"])) == ["students"]
    assert asyncio.run(groups(["teachers"])) == ["instructors"]


@pytest.fixture
def users(monkeypatch):
    """Make users of a real hub's database, who have logged in once."""
    keeper = CryptKeeper(config=Config({"CryptKeeper": {"keys": ["ab" * 32]}}))
    monkeypatch.setattr(CryptKeeper, "instance", classmethod(lambda _: keeper))
    database = orm.new_session_factory("sqlite://")()
    rows = []

    async def make(name, state=None):
        row = orm.User(name=name)
        rows.append(row)
        database.add(row)
        database.commit()
        user = User(row, {})
        await user.save_auth_state(state)
        return user

    yield make
    keeper.executor.shutdown()
    database.close()
    database.get_bind().dispose()


def test_who_is_taken_off_a_list_has_its_machines_no_longer(users):
    async def changes():
        user = await users("bob", {"token_response": {}})
        before = await everybody().refreshed(user)
        after = await everybody(groups={"gpu-lab": []}).refreshed(user)
        return before, after, [group.name for group in user.groups]

    before, after, kept = asyncio.run(changes())
    assert before == ["gpu-lab", "students"]
    assert after == kept == ["students"]


def test_what_a_provider_said_is_remembered_when_a_server_starts(users):
    async def again():
        found = everybody(provider_groups={"econ:teachers": "instructors"})
        return await found.refreshed(
            await users("tim", {kubernetes_groups.GROUPS_KEY: ["econ:teachers"]})
        )

    assert asyncio.run(again()) == ["instructors"]


def test_a_session_ends_for_who_may_no_longer_log_in(users):
    login = authenticator(GenericOAuthenticator, everybody(), allowed_users={"ann"})

    async def refreshed(name):
        return await login.refresh_user(await users(name, {"token_response": {}}))

    still = asyncio.run(refreshed("ann"))
    assert (still["groups"], still["admin"]) == (["students"], False)
    assert asyncio.run(refreshed("eve")) is False
    assert asyncio.run(refreshed("ada"))["groups"] == ["instructors"]  # listed, so let in


def test_nobody_administers_the_hub_from_the_browser():
    login = authenticator(
        GenericOAuthenticator, everybody(), admin_users={"ada"}, allowed_users={"ann"}
    )
    assert login.admin_users == set()
    assert login.allowed_users == {"ann", "ada", "bob"}
    assert login.allow_existing_users is False


@pytest.mark.parametrize(
    ("more", "may"),
    [
        ({}, False),
        ({"provider_groups": {"x": "gpu-lab"}}, False),
        ({"provider_groups": {"x": roles.INSTRUCTORS}}, True),
        ({"lti": {"context": "1"}}, True),
    ],
)
def test_the_group_teaches_only_where_somebody_unlisted_can_be_in_it(more, may):
    assert everybody(**more).may_teach_unlisted is may
