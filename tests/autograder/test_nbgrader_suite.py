"""nbgrader's own tests of its autograde, unchanged, with our engine plugged in."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

#: Which of them fail, and why that is so. The deviations' page lists them.
EXCEPTIONS = {
    "test_side_effects": "expects that what a notebook writes is kept beside it; here it is gone "
    "with the sandbox",
    "test_missing_source_kernelspec": "expects that an unknown kernel leaves a submission "
    "ungraded; all is run by Python here",
    "test_no_execute": "expects that --no-execute believes the outputs that a submission brings",
}
#: A name in the first column of that page's table.
NAMES = re.compile(r"`([a-z_]+)`(?=[^|]*\|[^|]*\|[^|]*\|$)")
#: Nobody runs these.
SKIPPED = {"test_many_students", "test_infinite_loop_with_output"}
#: How many there are in nbgrader 0.9.6.
ALL = 41
CONFIG = """
from autograder import plugin
c = get_config()
plugin.configure(c)
c.Autograder.preload = ["numpy"]
c.Autograder.cell_cpu_seconds = 2
"""


def test_the_page_of_deviations_lists_the_exceptions():
    text = (Path(__file__).parents[2] / "autograder/docs/deviations.md").read_text()
    part = text.partition("## nbgrader's own tests")[2].partition("\n## ")[0]
    listed = {f"test_{name}" for line in part.splitlines() for name in NAMES.findall(line)}
    assert listed == set(EXCEPTIONS)


@pytest.mark.slow
@pytest.mark.sandbox
def test_nbgrader_s_tests_of_autograde_pass_but_for_those_listed(tmp_path):
    """The configuration lies where Jupyter looks for a user's own; nbgrader adds that of its tests.

    They run in one process and share one engine, as the clicks of an instructor do.
    """
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    # Each of forty gradebooks is made by a process that would compile the grammar of addresses.
    (tmp_path / "without" / "rfc3987_syntax").mkdir(parents=True)
    (tmp_path / "without" / "rfc3987_syntax" / "__init__.py").write_text("raise ImportError\n")
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore", "-rA"),
            *("--rootdir", tmp_path, "-q", "--no-header", "--tb=short"),
            *("--pyargs", "nbgrader.tests.apps.test_nbgrader_autograde"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{tmp_path / 'without'}{os.pathsep}{repository}",
        },
        capture_output=True,
        text=True,
    )
    told = {
        kind: set(re.findall(rf"^{kind}.*::(\w+)", done.stdout, re.MULTILINE))
        for kind in ("PASSED", "FAILED", "ERROR")
    }
    assert told["ERROR"] == set()
    assert told["FAILED"] == set(EXCEPTIONS), done.stdout[-5000:]
    assert len(told["PASSED"]) == ALL - len(EXCEPTIONS) - len(SKIPPED)
