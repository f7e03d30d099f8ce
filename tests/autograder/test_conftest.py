"""No test that needs a sandbox passes where there is none."""

from types import SimpleNamespace

import pytest

from autograder.sandbox import bubblewrap
from tests import conftest


@pytest.fixture
def item(monkeypatch):
    monkeypatch.setattr(bubblewrap, "missing", lambda: "none here")
    return SimpleNamespace(get_closest_marker=lambda name: name if name == "sandbox" else None)


def test_without_a_sandbox_marked_tests_are_skipped_with_the_reason(item, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no sandbox: none here"):
        conftest.pytest_runtest_setup(item)


def test_without_a_sandbox_marked_tests_fail_in_ci(item, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must have a sandbox: none here"):
        conftest.pytest_runtest_setup(item)


def test_tests_without_the_mark_run_anywhere(item):
    item.get_closest_marker = lambda name: None
    conftest.pytest_runtest_setup(item)
