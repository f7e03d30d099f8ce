"""What all tests share: those that need a sandbox never pass where there is none."""

import os

import pytest

from autograder.sandbox import bubblewrap


def pytest_runtest_setup(item):
    """Skip a test marked ``sandbox`` where there is none, and fail it where there must be one."""
    if item.get_closest_marker("sandbox") is None or not (reason := bubblewrap.missing()):
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must have a sandbox: {reason}", pytrace=False)
    pytest.skip(f"no sandbox: {reason}")


pytest_runtest_setup = pytest.hookimpl(tryfirst=True)(pytest_runtest_setup)
