"""Who may import whom: from the top of each list to its bottom, and never back."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: The rooms, and which others each may import: `course` only in its command line.
ROOMS = {
    "course": {"course"},
    "course.cli": {"autograder", "course", "hub_config"},
    "autograder": {"autograder"},
    "hub_config": {"autograder", "course", "hub_config"},
}
#: What `hub_config` may import of `autograder` and of `course`.
PUBLIC = {"autograder.plugin", "course.syllabus"}
#: Packages and root modules of each room by floors; one floor may import those below it.
FLOORS = {
    "autograder": (
        {"cli"},
        {"report", "pipeline"},
        {"verify"},
        {"record", "doctor"},
        {"prepare", "dispatch"},
        {"execute"},
        {"domains", "coursedir", "warm_kernels"},
        {"sandbox", "wire"},
        {"plugin", "settings"},
        {"model"},
    ),
    "hub_config": (
        {"__main__", "cost"},
        {"check"},
        {"kubernetes", "laptop"},
        {"graders", "image", "formgrader"},
        {"exchange"},
        {"machines"},
        {"defaults", "roles", "activity", "ports", "yaml_output", "not_started"},
    ),
}


def modules(room: str) -> dict[str, Path]:
    """Every module of a room, by its dotted name."""
    found = {}
    for path in (ROOT / room).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


OURS = {
    name: path
    for room in ("course", "autograder", "hub_config")
    for name, path in modules(room).items()
}


def imports(path: Path) -> set[str]:
    """Our own modules that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            while name not in OURS and "." in name:
                name = name.rpartition(".")[0]
            if name in OURS:
                found.add(name)
    return found


GRAPH = {name: imports(path) for name, path in OURS.items()}


def package(module: str) -> str:
    """The package, or the root module, of a room that a module belongs to."""
    return module.split(".")[1] if "." in module else module


@pytest.mark.parametrize("room", FLOORS)
def test_every_package_has_its_floor(room):
    listed = [name for floor in FLOORS[room] for name in floor]
    assert sorted(listed) == sorted({package(name) for name in modules(room) if name != room})


@pytest.mark.parametrize("room", FLOORS)
def test_imports_go_down(room):
    floor = {name: number for number, names in enumerate(FLOORS[room]) for name in names}
    wrong = [
        f"{module} imports {other}"
        for module in modules(room)
        for other in GRAPH[module]
        if other.startswith(f"{room}.") and module != room
        if package(other) != package(module) and floor[package(other)] <= floor[package(module)]
    ]
    assert not wrong


def test_rooms_know_only_what_they_may():
    wrong = []
    for module, others in GRAPH.items():
        room = "course.cli" if module.startswith("course.cli") else module.partition(".")[0]
        for other in others:
            theirs = other.partition(".")[0]
            if theirs not in ROOMS[room]:
                wrong.append(f"{module} imports {other}")
            if room == "hub_config" and theirs != room and other not in PUBLIC:
                wrong.append(f"{module} imports {other}, which is not for other rooms")
    assert not wrong


def test_topics_of_the_course_import_topics_only():
    topics = [name for name in modules("course") if name.count(".") == 1]
    topics = [
        name for name in topics if (ROOT / name.replace(".", "/")).with_suffix(".py").exists()
    ]
    wrong = [(topic, other) for topic in topics for other in GRAPH[topic] if other.count(".") > 1]
    assert not wrong


def test_there_are_few_floors():
    assert all(len(floors) <= 10 for floors in FLOORS.values())
    for floors in FLOORS.values():
        assert all(not above & below for above, below in pairwise(floors))
