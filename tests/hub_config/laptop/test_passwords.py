import asyncio
import json
import re
import stat
from types import SimpleNamespace

import pytest
from traitlets.config import Config

from hub_config.laptop.passwords import PasswordFile, RosterAuthenticator, new_password


@pytest.fixture
def passwords(tmp_path):
    return PasswordFile(tmp_path / "passwords.json")


def authenticator(passwords, *allowed):
    c = Config()
    c.RosterAuthenticator.password_file = str(passwords.path)
    c.Authenticator.allowed_users = set(allowed)
    c.Authenticator.allow_existing_users = False
    return RosterAuthenticator(config=c)


def login(who, user, password):
    form = {"username": user, "password": password}
    answer = asyncio.run(who.get_authenticated_user(None, form))
    return answer and answer["name"]


def test_passwords_are_long_readable_and_different():
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}", word) for word in made)


def test_the_right_password_logs_in(passwords):
    word = passwords.create(["ada"])["ada"]
    assert login(authenticator(passwords, "ada"), "ada", word) == "ada"


def test_a_wrong_password_does_not(passwords):
    passwords.create(["ada"])
    assert login(authenticator(passwords, "ada"), "ada", "wrong") is None
    assert login(authenticator(passwords, "ada"), "ada", "") is None


def test_another_users_password_does_not(passwords):
    made = passwords.create(["ada", "ben"])
    assert login(authenticator(passwords, "ada", "ben"), "ada", made["ben"]) is None


def test_an_unknown_user_does_not(passwords):
    passwords.create(["ada"])
    assert login(authenticator(passwords, "ada", "eve"), "eve", "") is None


def test_without_a_file_nobody_logs_in(passwords):
    assert login(authenticator(passwords, "ada"), "ada", "") is None


def test_somebody_taken_off_the_list_does_not_log_in(passwords):
    word = passwords.create(["ada"])["ada"]
    assert login(authenticator(passwords, "ben"), "ada", word) is None


def test_somebody_taken_off_the_list_is_logged_out(passwords):
    who = authenticator(passwords, "ben")
    assert asyncio.run(who.refresh_user(SimpleNamespace(name="ben"))) is True
    assert asyncio.run(who.refresh_user(SimpleNamespace(name="ada"))) is False


def test_the_file_holds_salted_hashes_only(passwords):
    word = passwords.create(["ada"])["ada"]
    text = passwords.path.read_text()
    assert word not in text
    assert set(json.loads(text)["ada"]) == {"salt", "hash"}


def test_equal_passwords_have_different_hashes(passwords, monkeypatch):
    monkeypatch.setattr("hub_config.laptop.passwords.new_password", lambda: "same")
    passwords.create(["ada", "ben"])
    entries = json.loads(passwords.path.read_text())
    assert entries["ada"]["hash"] != entries["ben"]["hash"]


def test_only_the_owner_reads_the_file(passwords):
    passwords.create(["ada"])
    passwords.create(["ben"])
    assert stat.S_IMODE(passwords.path.stat().st_mode) == 0o600


def test_a_new_password_replaces_the_old_one_and_no_other(passwords):
    made = passwords.create(["ada", "ben"])
    again = passwords.create(["ada"])
    assert not passwords.verify("ada", made["ada"])
    assert passwords.verify("ada", again["ada"])
    assert passwords.verify("ben", made["ben"])
