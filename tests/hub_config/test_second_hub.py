"""The second environment is what it should be, or its absence is a failure that says what to do."""

import subprocess

import pytest

from tests.hub_config import second_hub
from tests.hub_config.second_hub import SecondHubError

pytestmark = pytest.mark.slow


def test_it_has_the_charts_hub_and_this_project():
    code = "import hub_config, jupyterhub; print(jupyterhub.__version__, hub_config.__file__)"
    words = [second_hub.python(), "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, env=second_hub.environment())
    package = second_hub.ROOT / "hub_config" / "__init__.py"
    assert done.stdout.split() == ["5.5.0", str(package)], done.stderr


def test_it_has_what_the_image_of_the_charts_hub_freezes():
    frozen = second_hub.frozen()
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    words = [second_hub.python(), "-c", code, *frozen]
    done = subprocess.run(words, capture_output=True, text=True, env=second_hub.environment())
    assert dict(zip(frozen, done.stdout.split(), strict=True)) == frozen, done.stderr
    assert {"jupyterhub", "jupyterhub-kubespawner", "oauthenticator", "tornado"} <= frozen.keys()


def test_without_an_index_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(second_hub, "FOLDER", tmp_path / "venv")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SecondHubError, match="once where there is one"):
        second_hub.python()
    assert not (tmp_path / "venv" / "made-for.txt").exists()
