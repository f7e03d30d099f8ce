"""What a student may send who wants a machine that is not hers, or who wants to do harm."""

from __future__ import annotations

from typing import Any

from tests.hub_config.running import Client

#: How often: the chart would end a hub after five.
TIMES = 7
NAMES = ("profile", "opt-profile")


def bodies(foreign: str, own: str) -> list[Any]:
    """Return calls of the hub's API: for what is not hers, and for what is no profile."""
    values = [foreign, "none", "", "x" * 10_000, "%s", None, 5, True, [own], {own: own}]
    plain = [{"profile": value} for value in values]
    nested = [{"user_options": body} for body in plain]
    return [*plain, *nested, {"user_options": [own]}, {"user_options": own}, [own], own, 5]


def send_by_the_api(client: Client, user: str, foreign: str, own: str) -> None:
    """Send all of them, and see each refused in words."""
    for body in bodies(foreign, own):
        answer = client.ask("POST", f"users/{user}/server", body)
        assert answer.status_code == 400, (body, answer.text)
        message = answer.json()["message"]
        # JupyterHub 6 itself refuses what is no object.
        ours = "expected one of" in message and own in message
        assert ours or "must be a" in message, (body, message)
        assert len(message) < 300
    # JupyterHub 6 remembers that for the next start; 5 does not know how.
    if client.ask("PATCH", f"users/{user}/server", {"user_options": {"profile": foreign}}).ok:
        assert client.ask("POST", f"users/{user}/server").status_code == 400
    for path in (f"users/{user}/servers/more", f"users/{user}/servers/"):
        answer = client.ask("POST", path, {"profile": foreign})
        assert 400 <= answer.status_code < 500, answer.text


def send_by_pages(client: Client, foreign: str) -> None:
    """Send the form and links often enough, and see each refused in words."""
    for number in range(TIMES):
        answers = [client.choose(foreign), client.choose("")]
        answers += [
            client.get(f"/hub/spawn?{name}={foreign}") for name in ("profile", "opt-profile")
        ]
        for answer in answers:
            assert answer.status_code == 400, (number, answer.text)
            assert "expected one of" in answer.text


def assert_nothing_runs_and_the_form_is_there(client: Client, user: str) -> None:
    """Whatever was sent before, it has left nothing behind."""
    assert client.get(f"/hub/api/users/{user}").json()["servers"] == {}
    page = client.get("/hub/spawn")
    assert page.ok
    assert 'name="profile"' in page.text or "name='profile'" in page.text
