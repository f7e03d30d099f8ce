"""Private words of earlier versions are gone: each thing has the field's name for it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: A word, what it is called now, and the files in which it means something else.
GONE = [
    ("inmate", "process", ()),
    ("warden", "supervisor", ()),
    ("lifeline", "control socket", ()),
    ("tether", "parent-death signal", ()),
    ("parcel", "reference", ("tests/public/idioms/families.py",)),
    ("lending", "argument", ()),
    ("borrowed", "fetched, or argument", ("course/", "assignments/", "tests/mutants/")),
    ("HandleError", "ProxyError", ()),
    ("is_handle", "is_proxy", ()),
]
#: Packages in which a handle was what is a proxy.
PROXIES = ("autograder/domains/", "autograder/wire/", "autograder/verify/", "autograder/docs/")


def tracked(*suffixes):
    """Return the tracked text files, but for this one and the record of what was."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    apart = {"CHANGELOG.md", str(Path(__file__).relative_to(ROOT))}
    return [name for name in names if name.endswith(suffixes) and name not in apart]


@pytest.mark.parametrize(("word", "now", "apart"), GONE)
def test_a_private_word_is_gone(word, now, apart):
    found = [
        name
        for name in tracked(".py", ".md", ".toml", ".yaml", ".j2", ".txt", ".tpl", ".cfg")
        if not name.startswith(tuple(apart))
        and re.search(word, name + "\n" + (ROOT / name).read_text(), flags=re.IGNORECASE)
    ]
    assert found == [], f"write {now}"


def test_an_object_of_the_other_process_is_called_a_proxy():
    pattern = re.compile(r"(?<!name_to_)(?<!open_by_)\b(?:a|the|its) handles?\b", re.IGNORECASE)
    found = [
        name
        for name in tracked(".py", ".md")
        if name.startswith(PROXIES) and pattern.search((ROOT / name).read_text())
    ]
    assert found == []
