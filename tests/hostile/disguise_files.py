"""Attacks by what is handed in beside a notebook, or in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.hostile.attack import Attack, Places, first


def replaced(make: Callable[[Path, Places], None]) -> Callable[[Path, Places], None]:
    """Return what puts something else in the place of the notebook."""

    def place(folder: Path, places: Places) -> None:
        (folder / "p1.ipynb").unlink()
        make(folder / "p1.ipynb", places)

    return place


def _made(path: Path) -> Path:
    path.touch()
    return path


#: Modules that someone might import, which put an agreeing function wherever they can.
AGREE = """
import builtins
import sys

open("GOT_HERE", "w").close()
for frame in [sys._getframe(), *sys._current_frames().values()]:
    while frame:
        frame.f_globals["close"] = lambda *given: True
        frame = frame.f_back
builtins.abs = lambda *given: 0.0
def __getattr__(name):
    return lambda *given, **named: True
"""
SHADOWS = ("numpy", "IPython", "ipykernel", "autograder", "nbgrader", "ast", "random", "json")
STARTUP = (
    "sitecustomize.py",
    "usercustomize.py",
    "conftest.py",
    "evil.pth",
    "nbgrader_config.py",
    "jupyter_config.py",
    "ipython_config.py",
    ".ipython/profile_default/startup/00.py",
    ".ipython/profile_default/ipython_config.py",
    ".ipython/profile_default/ipython_kernel_config.py",
    ".jupyter/jupyter_config.py",
    ".jupyter/nbgrader_config.py",
    ".local/lib/python3.11/site-packages/usercustomize.py",
    ".config/matplotlib/matplotlibrc",
)

ATTACKS = (
    Attack(
        "shadowing_modules",
        "Lays modules beside the notebook that are named as those which a grader imports.",
        files={f"{name}.py": AGREE for name in SHADOWS}
        | {f"{name}/__init__.py": AGREE for name in ("tests", "IPython", "wire")},
    ),
    Attack(
        "startup_files",
        "Lays files beside the notebook that Python, IPython and nbgrader read by themselves.",
        files=dict.fromkeys(STARTUP, AGREE),
    ),
    Attack(
        "environment",
        "Sets the environment so that whatever starts later loads its code.",
        first("""
import os
import pathlib

here = os.getcwd()
pathlib.Path("evil.py").write_text("open('GOT_HERE', 'w').close()")
os.environ.update(PYTHONSTARTUP=here + "/evil.py", PYTHONPATH=here, PYTHONHOME=here, HOME=here,
                  LD_PRELOAD=here + "/evil.so", IPYTHONDIR=here, AUTOGRADER_SUBMISSION_SEED="0",
                  NBGRADER_EXECUTION="", PYTHONBREAKPOINT="os.system", PYTHONINSPECT="1")
import sys
sys.path.insert(0, here)
os._exit(0)"""),
        verdicts=("crash",),
    ),
    Attack(
        "gradebook_beside",
        "Hands in a gradebook, a grader's results and a second notebook beside its own.",
        files={
            "gradebook.db": b"SQLite format 3\0" + b"\0" * 100,
            "results.json": '{"score": 19}',
            "p2.ipynb": "{}",
            "timestamp.txt": "1970-01-01 00:00:00 UTC",
            "feedback/p1.html": "<h1>19 / 19</h1>",
            "templates/feedback.html.j2": "{{ resources }}",
        },
    ),
    Attack(
        "odd_file_names",
        "Hands in files whose names hold spaces, quotes, line breaks, options and dots.",
        files={
            "a b'c\"d.txt": "x",
            "-rf": "x",
            "two\nlines": "x",
            "...": "x",
            "a/../b.txt": "x",
            "\u202etxt.exe": "x",
            "x" * 200: "x",
            "$(touch GOT_HERE)": "x",
        },
    ),
    Attack("not_json", "Hands in a notebook that is none.", raw=b"{ not a notebook"),
    Attack("deep_json", "Hands in JSON that is nested a million deep.", raw=b"[" * 1_000_000),
    Attack(
        "wrong_types",
        "Hands in JSON whose parts are of wrong types.",
        raw=b'{"cells": [7, {"cell_type": [], "source": {"a": 1}, "metadata": 3}],'
        b' "metadata": [], "nbformat": 4, "nbformat_minor": 5}',
    ),
    Attack(
        "notebook_is_a_link",
        "Hands in a link to the notebook of a neighbour in place of its own.",
        place=replaced(
            lambda path, p: path.symlink_to(p.course / "submitted/zzz-right/ps1/p1.ipynb")
        ),
    ),
    Attack(
        "notebook_is_the_source",
        "Hands in a link to the instructor's own notebook, solutions included.",
        place=replaced(lambda path, p: path.symlink_to(p.course / "source/ps1/p1.ipynb")),
    ),
    Attack(
        "notebook_is_a_pipe",
        "Hands in a named pipe, which nobody writes to, in place of its notebook.",
        place=replaced(lambda path, p: os.mkfifo(path)),
    ),
    Attack(
        "notebook_is_a_folder",
        "Hands in a folder in place of its notebook.",
        place=replaced(lambda path, p: (path / "p1.ipynb").mkdir(parents=True)),
    ),
    Attack(
        "notebook_without_end",
        "Hands in a link to a file without an end in place of its notebook.",
        place=replaced(lambda path, p: path.symlink_to("/dev/zero")),
    ),
    Attack(
        "giant_beside",
        "Hands in a file that claims to hold a thousand gigabytes beside its notebook.",
        place=lambda folder, p: os.truncate(_made(folder / "giant.bin"), 10**12),
    ),
)
