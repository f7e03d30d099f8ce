"""``make results``: measures what the course claims and writes course/RESULTS.md.

A measurement is a module here whose docstring begins with its title, with a function
``measure(seeds: int) -> str`` that returns the rest of its section in Markdown: how it was
measured, and a table of medians and intervals over so many seeds beside the published numbers.
"""

import argparse
import importlib
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "course" / "RESULTS.md"
SEEDS, FEWEST = 5, 1
INTRODUCTION = """# Results

Written by `make results`; do not edit. Every number is measured by the module of `tests/results`
that is named under its title, with the course's own library. `[a, b]` is the range over all seeds.
"""
SECTION = re.compile(r"^## .*\n\n\*`tests/results/(\w+)\.py`", re.M)


def main(argv: list[str]) -> int:
    """Measure everything, or what is named, and write it down."""
    names = sorted(p.stem for p in HERE.glob("[a-z]*.py") if "\ndef measure(" in p.read_text())
    parser = argparse.ArgumentParser(prog="python -m tests.results")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names)}")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.names) - set(names):
        parser.error(f"there is no measurement {sorted(unknown)}; there are: {', '.join(names)}")
    if arguments.seeds < FEWEST:
        parser.error(f"--seeds {arguments.seeds}: it takes at least {FEWEST}")
    sections = read(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in arguments.names or names:
        began = time.process_time()
        module = importlib.import_module(f"tests.results.{name}")
        title = (module.__doc__ or name).partition("\n")[0].rstrip(".")
        body = module.measure(arguments.seeds).strip()
        seconds = time.process_time() - began
        sections[name] = (
            f"## {title}\n\n*`tests/results/{name}.py`, {arguments.seeds} seeds, "
            f"{seconds:.0f} s of processor time.*\n\n{body}\n"
        )
        print(sections[name], flush=True)
        known = [sections[one] for one in names if one in sections]
        RESULTS.write_text("\n".join([INTRODUCTION, *known]), encoding="utf-8")
    print(f"written to {RESULTS}")
    return 0


def read(text: str) -> dict[str, str]:
    """Return the sections of RESULTS.md by the names of their modules."""
    starts = [*SECTION.finditer(text)]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {
        match[1]: text[match.start() : end].rstrip() + "\n"
        for match, end in zip(starts, ends, strict=True)
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
