"""Which tests run in one process, and which before a release only."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SUITE = """
import json, os
from pathlib import Path
import pytest

LOG = Path(__file__).with_name("log")

@pytest.fixture(autouse=True)
def note(request):
    with LOG.open("a") as log:
        log.write(json.dumps([request.node.name, os.getpid()]) + "\\n")

@pytest.fixture(scope="module", params=["one", "other"])
def costly(request):
    return os.getpid()

@pytest.mark.parametrize("number", range(4))
def test_quick(number):
    pass

@pytest.mark.parametrize("number", range(6))
def test_shares(costly, number):
    assert costly == os.getpid()

@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_slow(number):
    pass

@pytest.mark.release
def test_long():
    pass
"""


@pytest.fixture
def ran(tmp_path):
    """Return a function that runs the small suite as `make test` does: processes by test."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_small.py").write_text(SUITE)
    configuration = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(configuration.replace('["tests"]', '["."]'))
    makefile = (ROOT / "Makefile").read_text()
    (spread,) = [line for line in makefile.splitlines() if line.startswith("SPREAD")]
    words = spread.partition(":=")[2].replace("-n auto", "-n 2").split()

    def ran(*options):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        log = (tmp_path / "log").read_text().splitlines()
        return dict(map(json.loads, log))

    return ran


@pytest.mark.slow
def test_slow_tests_are_spread_and_those_that_share_a_fixture_stay_together(ran):
    found = ran()
    assert len(found) == 4 + 12 + 4
    for start, processes in (
        ("test_quick", 1),
        ("test_shares[one", 1),
        ("test_shares[other", 1),
        ("test_slow", 2),
    ):
        assert len({pid for name, pid in found.items() if name.startswith(start)}) == processes


@pytest.mark.slow
def test_what_is_long_runs_before_a_release(ran):
    assert list(ran("--release", "-k", "long")) == ["test_long"]
