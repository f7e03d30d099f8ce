"""Every link from one page of the repository to another leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Lectures and assignments have tests of their own.
PATTERNS = ("*.md", "autograder/**/*.md", "hub_config/**/*.md", "tests/**/README.md")
PAGES = sorted({path.relative_to(ROOT) for one in PATTERNS for path in ROOT.glob(one)})
#: In fences and between backticks nothing is a link.
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def anchors(page):
    """Return what links can name of a page, as GitHub makes it of the headings."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page):
    text = CODE.sub("", (ROOT / page).read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = ROOT / page.parent / path if path else ROOT / page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_autograder_s_readme_links_to_all_its_pages():
    room = ROOT / "autograder"
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", (room / "README.md").read_text()))
    there = {str(path.relative_to(room)) for path in room.rglob("*.md")} - {"README.md"}
    assert linked >= there
