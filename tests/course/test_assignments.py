"""What holds for every assignment of the syllabus, proven on its own texts."""

import io
import linecache
import os
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from course import syllabus
from course.authoring import submissions
from course.authoring.release_rules import without_marker_lines
from course.authoring.text import read_cells

ROOT = Path(__file__).parents[2]
NAMES = [assignment.name for assignment in syllabus.load().assignments()]
#: How many hidden inputs each solution meets: as many as the time allows, of the most.
SEEDS, FEWEST = 200, 3
#: Seconds of processor time for each solution, in `make test` and before a release.
SAMPLED, LONG = 1.5, 60


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_correct_work_passes_whatever_the_hidden_inputs_are(name, full, monkeypatch):
    # A test that fails one honest student in a hundred is found by hundreds of seeds only: before
    # a release.
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setitem(os.environ, "CUDA_VISIBLE_DEVICES", "")
    cells = [
        cell
        for cell in read_cells(ROOT / "assignments" / "authoring" / f"{name}.py")
        if cell.node.cell_type == "code"
    ]
    material = submissions.load(ROOT, name)
    for label, solution in {"reference": material.reference, **material.alternatives}.items():
        names: dict[str, object] = {"__name__": "__main__"}
        tests = []
        for cell in cells:
            mark = cell.node.metadata.get("nbgrader", {})
            if mark.get("grade"):
                tests.append((cell.grade_id, compile(cell.source, cell.grade_id, "exec")))
            elif mark.get("locked") or mark.get("solution"):
                source = solution.get(cell.grade_id) or without_marker_lines(cell.source)
                with redirect_stdout(io.StringIO()):
                    # AutoGraph reads the source of what it compiles.
                    file = f"<{name} {label} {cell.grade_id}>"
                    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
                    exec(compile(source, file, "exec"), names)
        assert tests
        end = time.process_time() + (LONG if full else SAMPLED)
        for seed in range(SEEDS):
            if seed >= FEWEST and time.process_time() > end:
                break
            monkeypatch.setenv("AUTOGRADER_SUBMISSION_SEED", f"{seed * 2654435761 % 2**64:016x}")
            for grade_id, test in tests:
                try:
                    exec(test, dict(names))
                except AssertionError as error:
                    pytest.fail(f"{label} fails {grade_id} with seed {seed}: {error}")
