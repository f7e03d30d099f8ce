"""Targets that real clusters take are called right: no false alarm.

A file in ``real/`` is laid over a target that is right. Beside it may lie a login (NAME.login, or
else GitHub's) and words to replace in profiles.toml (NAME.toml).
"""

import tomllib
from pathlib import Path

import pytest
import yaml

from hub_config.check import places
from hub_config.check import target as check_target
from hub_config.kubernetes import target
from tests.hub_config import targets
from tests.hub_config.check.test_target import CHART, PROFILES, needs_chart

REAL = sorted((Path(__file__).parent / "real").glob("*.yaml"))


def written(path, folder):
    """Write a target of `REAL`; return its file."""
    values = yaml.safe_load(path.read_text())
    machines, login = path.with_suffix(".toml"), path.with_suffix(".login")
    if machines.exists():
        text = PROFILES
        for words in tomllib.loads(machines.read_text())["words"]:
            assert words["old"] in text
            text = text.replace(words["old"], words["new"])
        (folder / "mine.toml").write_text(text)
        values = target.merge(values, {"custom": {"profiles": "mine.toml"}})
    known = login.read_text() if login.exists() else targets.LOGIN
    return targets.write(folder, login=known, over=yaml.safe_dump(values))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_target_is_called_right(path, tmp_path):
    chart = CHART if CHART.is_dir() else None
    assert check_target.check(str(written(path, tmp_path)), chart=chart) == []


def test_a_learning_platform_is_called_right(tmp_path):
    assert check_target.check(str(targets.write(tmp_path, login=targets.PLATFORM))) == []


def test_the_chart_s_own_values_are_right():
    if not CHART.is_dir():
        pytest.skip(needs_chart.kwargs["reason"])
    assert places.problems(yaml.safe_load((CHART / "values.yaml").read_text())) == []


def test_there_are_enough():
    assert len(REAL) >= 10
