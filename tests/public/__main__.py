"""``python -m tests.public``: what our engine makes of the idioms; ``stock`` asks nbgrader anew."""

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from autograder.execute.zygote import Zygote
from tests.public import grading
from tests.public.reading import read_all


def main(words: list[str]) -> int:
    """Grade all idioms, or those named; with ``stock`` in front, by nbgrader first."""
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    anew = words[:1] == ["stock"]
    names = words[anew:]
    assignments = [one for name, one in read_all().items() if not names or name in names]
    if anew:
        with tempfile.TemporaryDirectory(prefix="public-") as scratch:
            root = Path(scratch) / "course"
            grading.course(root, assignments)
            known = dict(grading.kept()[1]) if grading.STOCK.exists() else {}
            grading.keep(known | grading.stock(root, assignments))
    _, theirs = grading.kept()
    with Zygote(grading.PRELOAD) as zygote:
        zygote.wait_ready()
        found = grading.ours(assignments, zygote)
    known = grading.listed() if grading.DEVIATIONS.exists() else {}
    for place, said in grading.deviations(found, theirs).items():
        print(f"{place}: {known.get(place) or said.splitlines()[0]}")
    known = grading.listed(grading.SHARED) if grading.SHARED.exists() else {}
    for place in grading.together(found):
        print(f"shared {place}: {known.get(place, 'not listed')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
