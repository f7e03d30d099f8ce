"""The tables that say what is where, held against the tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAD = "## What is where\n"
#: The page of each room that has the table.
PAGES = {"autograder": "docs/modules.md", "hub_config": "README.md"}


def listed(room):
    """Package and name of each module that the room's table lists."""
    text = (ROOT / room / PAGES[room]).read_text()
    assert text.count(HEAD) == 1
    package, found = "", []
    for line in text.partition(HEAD)[2].splitlines():
        if row := re.match(r"\| (?:`(\w+)/`)? ?\| `(\w+)` \|", line):
            # A row without a package belongs to the package above it.
            package = row[1] or package
            found.append((package, row[2]))
    return found


def there(room):
    """Package and name of each module of a room."""
    paths = [path.relative_to(ROOT / room) for path in (ROOT / room).rglob("*.py")]
    modules = [path.with_suffix("").parts for path in paths if path.name != "__init__.py"]
    return [(parts[0] if len(parts) > 1 else "", parts[-1]) for parts in modules]


@pytest.mark.parametrize("room", PAGES)
def test_the_map_lists_every_module_once(room):
    assert sorted(listed(room)) == sorted(there(room))


@pytest.mark.parametrize("room", PAGES)
def test_every_package_says_what_it_holds(room):
    for path in (ROOT / room).glob("*/__init__.py"):
        assert path.read_text().startswith('"""'), path
