"""What a course may set about its grading, under ``c.Autograder`` in nbgrader_config.py."""

from __future__ import annotations

import contextlib
import difflib
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from traitlets import Bool, Dict, Enum, Float, Integer, List, Unicode, default
from traitlets.config import Config, Configurable, PyFileConfigLoader

from autograder.model import AutograderError, Limits

_DEFAULT = Limits()
#: Where a course may have set nbgrader's own limit of a cell; what comes first wins, as there.
_NBGRADER = ("Execute", "ExecutePreprocessor", "NotebookClient")
#: How many times as long as one cell a whole submission may take, as among the defaults.
_CELLS = _DEFAULT.cpu_seconds / _DEFAULT.cell_cpu_seconds


class Autograder(Configurable):
    """The settings; each has the default that suits a course of NumPy and TensorFlow notebooks."""

    preload = List(
        Unicode(),
        default_value=["numpy", "matplotlib.pyplot"],
        help="Modules that nearly every notebook imports, imported once before all grading.",
    ).tag(config=True)
    read_only = List(
        Unicode(),
        help="Directories that notebooks may read while they are graded (data sets).",
    ).tag(config=True)
    workers = Integer(
        min=0, help="Submissions graded at the same time; 0: one for each processor."
    ).tag(config=True)
    scheduler = Unicode(
        help="Address of a Dask scheduler whose workers grade, like `tcp://10.0.0.1:8786`; "
        "empty: this machine grades."
    ).tag(config=True)
    dashboard = Bool(
        False, help="Serve Dask's dashboard while this machine grades; needs bokeh."
    ).tag(config=True)
    resources = Dict(
        value_trait=Dict(value_trait=Float(), key_trait=Unicode()),
        key_trait=Unicode(),
        help="Dask resources that a worker must offer, by assignment: `{'ps6': {'GPU': 1}}`.",
    ).tag(config=True)
    resource_seconds = Float(
        60.0, min=0, help="How long to wait for a worker that offers them, in seconds."
    ).tag(config=True)
    sandbox = Bool(
        True, help="False grades with the grader's own rights where isolation is not to be had."
    ).tag(config=True)
    cell_cpu_seconds = Float(
        _DEFAULT.cell_cpu_seconds,
        help="Processor time of one cell, in seconds; it is interrupted then.",
    ).tag(config=True)
    cell_seconds = Float(
        _DEFAULT.cell_seconds,
        help="Wall time of one cell, in seconds; it is interrupted then. Unless it is set, "
        "nbgrader's `c.Execute.timeout` is the limit, and the other times grow with it.",
    ).tag(config=True)
    cpu_seconds = Integer(
        _DEFAULT.cpu_seconds, help="Processor time of one submission, in seconds."
    ).tag(config=True)
    seconds = Float(_DEFAULT.seconds, help="Wall time of one submission, in seconds.").tag(
        config=True
    )
    memory_mb = Integer(
        _DEFAULT.memory_mb, help="Memory of one submission in MB, beyond the preloaded modules."
    ).tag(config=True)
    processes = Integer(
        _DEFAULT.processes, help="Processes and threads that one submission may have."
    ).tag(config=True)
    open_files = Integer(
        _DEFAULT.open_files, help="Files that one process of a submission may have open."
    ).tag(config=True)
    file_mb = Integer(
        _DEFAULT.file_mb, help="Size of the largest file that a submission may write, in MB."
    ).tag(config=True)
    scratch_mb = Integer(
        _DEFAULT.scratch_mb, help="All that a submission may write, in MB (in memory)."
    ).tag(config=True)
    output_kb = Integer(
        _DEFAULT.output_kb, help="Output of one cell in kB; what is more is cut."
    ).tag(config=True)
    notebook_output_kb = Integer(
        _DEFAULT.notebook_output_kb,
        help="Output of all cells of a notebook in kB; what is more is cut.",
    ).tag(config=True)
    protection = Enum(
        ["auto", "separate", "shared"],
        default_value="auto",
        help="Where tests run: `separate`, in a process of their own; `shared`, in the student's, "
        "as in nbgrader, where a score can be forged; `auto`: separate, unless "
        "the author's own solution earns the points only in the student's process.",
    ).tag(config=True)
    profiles = Dict(
        Dict(),
        key_trait=Unicode(),
        help="Limits and protection of single assignments, as in {'ps3': {'memory_mb': 4096}}.",
    ).tag(config=True)

    def _timeout(self) -> float:
        """Return nbgrader's own limit of a cell in seconds; 0: the course sets none."""
        for name in _NBGRADER:
            most: Any = self.config[name].get("timeout") if name in self.config else None
            with contextlib.suppress(TypeError, ValueError):  # None; of a command line all is text
                if 0 < float(most) < math.inf:
                    return float(most)
        return 0.0

    @default("cell_seconds")
    def _cell_as_in_nbgrader(self) -> float:
        return self._timeout() or _DEFAULT.cell_seconds

    @default("cell_cpu_seconds")
    def _computing_cell_as_in_nbgrader(self) -> float:
        return max(_DEFAULT.cell_cpu_seconds, self._timeout())

    @default("cpu_seconds")
    def _computing_as_in_nbgrader(self) -> int:
        return max(_DEFAULT.cpu_seconds, math.ceil(_CELLS * self._timeout()))

    @default("seconds")
    def _all_as_in_nbgrader(self) -> float:
        return max(_DEFAULT.seconds, _CELLS * self._timeout())

    @property
    def limits(self) -> Limits:
        """The limits of one submission, where its assignment has none of its own."""
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})

    def limits_of(self, assignment: str) -> Limits:
        """Return the limits of a submission of ``assignment``.

        Raises
        ------
        AutograderError
            If its profile names what is no limit, or a limit that is none; if the course's own is.
        """
        profile = self.profiles.get(assignment, {})
        names = list(Limits.__dataclass_fields__)
        where = f"c.Autograder.profiles[{assignment!r}]"
        for name, most in profile.items():
            if name == "protection":
                self.protection_of(assignment)
                continue
            if name not in names:
                near = difflib.get_close_matches(str(name).lower(), names, 1, cutoff=0)[0]
                raise AutograderError(
                    f"{where} sets {name!r}, which is no limit; the nearest is {near!r}, "
                    f"and all are: {', '.join(names)}."
                )
            kind, word = _takes(name)
            if isinstance(most, bool) or not isinstance(most, kind) or not 0 < most < math.inf:
                raise AutograderError(
                    f"{where} sets {name!r} to {most!r}; it takes {word} above zero."
                )
        for name in names:  # zero is not "without limit": nothing would ever end in time
            if not 0 < (most := getattr(self, name)) < math.inf:
                raise AutograderError(
                    f"c.Autograder.{name} is {most!r}; it takes {_takes(name)[1]} above zero."
                )
        own = {name: most for name, most in profile.items() if name != "protection"}
        return replace(self.limits, **own)

    def protection_of(self, assignment: str) -> str:
        """Return ``auto``, ``separate`` or ``shared``: how the tests of ``assignment`` are run.

        Raises
        ------
        AutograderError
            If its profile says something else.
        """
        asked = self.profiles.get(assignment, {}).get("protection", self.protection)
        known = type(self).protection.values
        if asked not in known:
            raise AutograderError(
                f"c.Autograder.profiles[{assignment!r}] sets 'protection' to {asked!r}; "
                f"it takes one of {', '.join(map(repr, known))}."
            )
        return str(asked)

    def resources_of(self, assignment: str) -> tuple[tuple[str, float], ...]:
        """Return the Dask resources that a worker must offer to grade ``assignment``."""
        return tuple(sorted(self.resources.get(assignment, {}).items()))

    @property
    def directories(self) -> list[Path]:
        """``read_only`` as absolute paths."""
        return [Path(name).expanduser().absolute() for name in self.read_only]

    @property
    def slots(self) -> int:
        """How many submissions to grade at a time."""
        return self.workers or len(os.sched_getaffinity(0))


def _takes(limit: str) -> tuple[Any, str]:
    """Return of which type a limit is, and the word for it."""
    whole = isinstance(getattr(_DEFAULT, limit), int)
    return (int, "a whole number") if whole else (int | float, "a number")


def read(config: Config) -> Autograder:
    """Return the settings found in a traitlets configuration."""
    return Autograder(config=config)


def check_directory(root: Path) -> None:
    """Raise `AutograderError` unless ``root`` is an nbgrader course."""
    if not root.is_dir():
        raise AutograderError(
            f"The course directory {root} does not exist; give one with --course DIR."
        )
    if not (root / "nbgrader_config.py").exists() and not (root / "source").is_dir():
        raise AutograderError(
            f"{root} is not an nbgrader course: it has neither nbgrader_config.py nor source/. "
            "Run this in the course directory, or give one with --course DIR."
        )


def peek(root: Path) -> Autograder:
    """Return the settings in a course's own file, without importing nbgrader.

    What a file elsewhere adds to them is not seen: good for a start, not for grading.
    """
    check_directory(root)
    if not (root / "nbgrader_config.py").exists():
        return Autograder()
    with usable(root):
        return read(PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config())


@contextlib.contextmanager
def usable(root: Path) -> Iterator[None]:
    """Turn whatever is wrong with the configuration of the course in ``root`` into a sentence.

    To go on without it would be to grade with other limits, and perhaps without a sandbox.
    """
    try:
        yield
    except AutograderError:
        raise
    except (Exception, SystemExit) as error:
        said = "nbgrader does not accept it"  # and has said why
        if not isinstance(error, SystemExit):
            said = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        file = root / "nbgrader_config.py"
        raise AutograderError(f"The configuration {file} cannot be used: {said}") from error
