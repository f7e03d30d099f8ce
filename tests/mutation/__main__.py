"""``make mutation``: do the hidden tests notice what is changed in the reference?

Every operator, constant, argument and assignment of the reference solutions is changed, one at a
time, and the result is graded like a submission. A mutant that keeps all its points has survived:
either it is no mistake (*equivalent*), or a test is missing. What survives is listed, with its
reason, in ``tests/mutants/NAME/survivors.toml``; at least 95 % of the others must be killed.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

from course import syllabus
from tests.mutation import trial

RESULTS = Path(__file__).with_name("RESULTS.md")
ENOUGH = 0.95
INTRODUCTION = f"""# Automatic mutation of the reference solutions

Written by `make mutation`; do not edit. mutmut's operators change the reference of each assignment
in one place at a time (arithmetic, comparisons, constants, arguments, assignments, words), and our
engine grades the result. *Killed*: the hidden tests took points away. *Equivalent*: the change
makes no difference that the task forbids, as argued below. At least {ENOUGH:.0%} of the rest must
be killed.

| assignment | mutants | killed | equivalent | survived | killed of the non-equivalent |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


def main(argv: list[str]) -> int:
    """Run, print what survived, and write the table when everything was run."""
    # Advice of SQLAlchemy to nbgrader's authors.
    warnings.filterwarnings("ignore", message="Object of type <Submitted", category=Warning)
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("names", nargs="*", metavar="NAME", help="assignments (default: all)")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many of each")
    arguments = parser.parse_args(argv)
    everything = [assignment.name for assignment in syllabus.load().assignments()]
    for name in arguments.names:
        syllabus.load().assignment(name)
    outcomes = []
    for name in arguments.names or everything:
        began = time.monotonic()
        outcome = trial.run(name, arguments.sample)
        outcomes.append(outcome)
        print(
            f"{name}: {len(outcome.killed)} of {outcome.made} killed, {outcome.equivalent} "
            f"equivalent, {len(outcome.unargued)} unexplained survivors; {outcome.rate:.1%} "
            f"({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        for mutation in outcome.unargued:
            print(_entry(mutation))
        for stale in outcome.stale:
            print(f"no longer survives, remove it from survivors.toml: {stale}")
    if not arguments.names and not arguments.sample:
        RESULTS.write_text(INTRODUCTION + _table(outcomes) + _reasons(outcomes), encoding="utf-8")
        print(f"written to {RESULTS}")
    bad = [one for one in outcomes if one.rate < ENOUGH or one.unargued or one.stale]
    return 1 if bad else 0


def _entry(mutation: trial.Mutation) -> str:
    """Return a survivor as an entry of survivors.toml that lacks its reason."""
    return (
        f"[[survivors]]\ncell = '{mutation.cell}'\nbefore = '''{mutation.before}'''\n"
        f"after = '''{mutation.after}'''\nequivalent = true\nwhy = ''\n"
    )


def _table(outcomes: list[trial.Outcome]) -> str:
    return "".join(
        f"| {one.name} | {one.made} | {len(one.killed)} | {one.equivalent} | "
        f"{len(one.survived) - one.equivalent} | {one.rate:.1%} |\n"
        for one in outcomes
    )


def _reasons(outcomes: list[trial.Outcome]) -> str:
    parts = []
    for outcome in outcomes:
        parts.append(f"\n## {outcome.name}\n\n")
        if not outcome.survived:
            parts.append("Nothing survived.\n")
        for mutation, argued in outcome.survived:
            kind = "equivalent" if argued and argued.equivalent else "survived"
            why = argued.why.strip() if argued else "not yet argued"
            before, after = (
                " ⏎ ".join(text.split("\n")) for text in (mutation.before, mutation.after)
            )
            parts.append(f"- `{mutation.cell}`, {kind}: `{before}` → `{after}`. {why}\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
