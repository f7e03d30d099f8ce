"""Keeps each lecture and assignment as text, and its notebook as what the text gives."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course import syllabus
from course.authoring.merge import merge
from course.authoring.prose import check_prose
from course.authoring.release_rules import check_assignment
from course.authoring.text import (
    CELL_ID,
    CELL_METADATA,
    MYST,
    PERCENT,
    AuthoringError,
    check_metadata,
    contents,
    read,
    read_cells,
    read_lecture,
)
from course.errors import choose_from

# The same in every derived notebook: which Python runs it is decided where it runs.
_NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

_SYLLABUS = "course/syllabus.toml"
LECTURE_NAME = re.compile(r"day\w+")
_KINDS = {MYST: "lecture", PERCENT: "assignment"}

# What Jupyter itself leaves behind, and nbgrader passes over.
_CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True)
class Twin:
    """A text and the notebook derived from it, by their paths in the checkout."""

    root: Path
    text: Path
    notebook: Path
    fmt: str

    @property
    def name(self) -> str:
        """The lecture's or assignment's name."""
        return self.text.stem

    @property
    def label(self) -> str:
        """The text's path as people write it."""
        return self.text.relative_to(self.root).as_posix()


@dataclass(frozen=True)
class Stale:
    """A notebook that is not what its text gives; `derived` says whether the text gives one."""

    notebook: Path
    text: Path
    why: str
    derived: bool = True

    def __str__(self) -> str:
        if not self.derived:
            return f"{self.text}: {self.why}"
        return f"{self.notebook} {self.why} {self.text}"


def build(root: Path, names: Sequence[str] = (), *, check: bool = False) -> list[Stale]:
    """Derive lecture and assignment notebooks from their texts.

    Parameters
    ----------
    root : Path
        The checkout.
    names : sequence of str
        Lectures and assignments; none means all.
    check : bool
        Only look: write nothing.

    Returns
    -------
    list of Stale
        The notebooks that were not what their texts give, by paths below `root`; unless `check`
        is set, they are now, but for those of texts that are not there or not in the syllabus.

    Raises
    ------
    AuthoringError
        If a text breaks a rule, a notebook has no text, a notebook was edited in Jupyter and
        would be overwritten, or there is no text of such a name.
    """
    course = syllabus.load(root / _SYLLABUS)
    found = twins(root)
    for name in names:
        if name not in {twin.name for twin in found}:
            texts = [twin.name for twin in found]
            raise AuthoringError(f"there is no text '{name}'; {choose_from(name, texts)}")
    listed = {
        MYST: [lecture.name for lecture in course.lectures()],
        PERCENT: [assignment.name for assignment in course.assignments()],
    }
    if names:
        found = [twin for twin in found if twin.name in names]
    else:
        _refuse_foreign_files(root, found, listed[PERCENT])
    stale = [] if names else list(_without_text(root, found, listed))
    fresh = []
    for twin in found:
        notebook_path, text_path = (p.relative_to(root) for p in (twin.notebook, twin.text))
        known = listed[twin.fmt]
        if not names and twin.name not in known:
            stale.append(Stale(notebook_path, text_path, _unlisted(twin, known), derived=False))
            continue
        notebook = _derive(twin, course)
        why = _difference(twin, notebook)
        if why:
            stale.append(Stale(notebook_path, text_path, why))
            fresh.append((twin, notebook))
    if not check:
        for twin, notebook in fresh:  # after every text was found to be good
            _refuse_to_overwrite(twin, notebook)
            twin.notebook.parent.mkdir(parents=True, exist_ok=True)
            twin.notebook.write_text(notebook, encoding="utf-8")
    return stale


def from_notebook(root: Path, name: str) -> list[Path]:
    """Bring a lecture or assignment that was edited as a notebook back into its text.

    Lines of the text that the notebook leaves as they are stay as their author wrote them.

    Parameters
    ----------
    root : Path
        The checkout.
    name : str
        The lecture's or assignment's name; if it names both, both are brought back.

    Returns
    -------
    list of Path
        The texts that changed, below `root`. Their notebooks are rewritten too, without outputs.

    Raises
    ------
    AuthoringError
        If there is no such notebook, it is not where its text would put it, or it holds something
        that text cannot.
    """
    known = {
        path: Twin(root, text / f"{path.stem}{suffix}", path, fmt)
        for pattern, text, suffix, fmt in (
            ("course/lectures/*.ipynb", root / "course/lectures", ".md", MYST),
            ("assignments/source/*/*.ipynb", root / "assignments/authoring", ".py", PERCENT),
        )
        for path in sorted(root.glob(pattern))
    }
    chosen = [twin for twin in known.values() if twin.name == name]
    for twin in chosen:
        _refuse_misplaced(twin)
    if not chosen:
        names = dict.fromkeys(twin.name for twin in known.values())
        raise AuthoringError(f"there is no notebook '{name}'; {choose_from(name, names)}")
    changed = []
    for twin in chosen:
        notebook = _canonical(_read_notebook(twin.notebook, root))
        if _write_text(twin, notebook):
            changed.append(twin.text.relative_to(root))
        twin.notebook.write_text(notebook, encoding="utf-8")
    return changed


def twins(root: Path) -> list[Twin]:
    """Find every text of the checkout, lectures first, with the place of its notebook.

    Parameters
    ----------
    root : Path
        The checkout.

    Returns
    -------
    list of Twin
        Lectures and assignments each in alphabetical order.
    """
    return [
        _twin(root, fmt, text.stem)
        for fmt, pattern in (
            (MYST, "course/lectures/day*.md"),
            (PERCENT, "assignments/authoring/*.py"),
        )
        for text in sorted(root.glob(pattern))
    ]


def _twin(root: Path, fmt: str, name: str) -> Twin:
    if fmt == MYST:
        text = root / "course" / "lectures" / f"{name}.md"
        return Twin(root, text, text.with_suffix(".ipynb"), fmt)
    text = root / "assignments" / "authoring" / f"{name}.py"
    return Twin(root, text, root / "assignments" / "source" / name / f"{name}.ipynb", fmt)


def _unlisted(twin: Twin, known: Sequence[str]) -> str:
    return (
        f"the syllabus has no {_KINDS[twin.fmt]} '{twin.name}', "
        f"{choose_from(twin.name, known).rstrip('?')}; list it in {_SYLLABUS}, or remove the text"
    )


def _without_text(
    root: Path, found: Sequence[Twin], listed: Mapping[str, Sequence[str]]
) -> Iterator[Stale]:
    """Yield what the syllabus lists and nobody has written."""
    there = {(twin.fmt, twin.name) for twin in found}
    for fmt, name in ((fmt, name) for fmt, names in listed.items() for name in names):
        if (fmt, name) not in there:
            twin = _twin(root, fmt, name)
            why = (
                f"the syllabus lists this {_KINDS[fmt]}, which does not exist; write it, or take "
                f"it off the list in {_SYLLABUS}"
            )
            notebook, text = (path.relative_to(root) for path in (twin.notebook, twin.text))
            yield Stale(notebook, text, why, derived=False)


def _derive(twin: Twin, course: syllabus.Course) -> str:
    """Return the notebook a text gives, after checking the text."""
    notebook = read(contents(twin.text, twin.label), twin.fmt, twin.label)
    check_metadata(notebook, twin.label)
    cells = (read_cells if twin.fmt == PERCENT else read_lecture)(twin.text, twin.label)
    if twin.fmt == PERCENT:
        check_assignment(cells, twin.label, course.assignment(twin.name).points)
    check_prose(cells, twin.label)
    return _canonical(notebook)


def _canonical(notebook: nbformat.NotebookNode) -> str:
    """Write a notebook in its one form: what the author decides, and nothing of a run."""
    cells: dict[str, dict[str, Any]] = {}
    for cell in notebook.cells:
        metadata = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        source = cell.source.strip("\n") if cell.cell_type == "code" else cell.source.strip()
        if not source and not metadata:
            continue
        kept = {"cell_type": cell.cell_type, "metadata": metadata, "source": source}
        kept["id"] = metadata.get("nbgrader", {}).get("grade_id", "")
        if not CELL_ID.fullmatch(kept["id"]) or kept["id"] in cells:
            kept["id"] = f"cell-{len(cells) + 1:03d}"
        if cell.cell_type == "code":
            kept |= {"execution_count": None, "outputs": []}
        elif cell.get("attachments"):
            kept["attachments"] = cell.attachments
        cells[kept["id"]] = kept
    whole = {"metadata": _NOTEBOOK_METADATA, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.from_dict({**whole, "cells": list(cells.values())})
    return nbformat.v4.writes_json(notebook) + "\n"


def _difference(twin: Twin, notebook: str) -> str | None:
    if not twin.notebook.exists():
        return "is missing: it is derived from"
    if twin.notebook.read_bytes() != notebook.encode():
        return "is not what follows from"
    return None


def _refuse_misplaced(twin: Twin) -> None:
    """Refuse a notebook whose text would belong to another one."""
    place = twin.notebook.relative_to(twin.root)
    if twin.fmt == MYST and not LECTURE_NAME.fullmatch(twin.name):
        raise AuthoringError(
            f"{place} is not named like a lecture; call it dayN_topic.ipynb, or move it away"
        )
    if twin.fmt == PERCENT and twin.notebook.parent.name != twin.name:
        raise AuthoringError(
            f"{place} is in a folder of another name, but each folder holds one notebook, of the "
            f"same name; call both '{twin.name}' or both '{twin.notebook.parent.name}'"
        )


def _refuse_foreign_files(root: Path, found: Sequence[Twin], assignments: Sequence[str]) -> None:
    """Nothing may lie beside the derived notebooks: nbgrader releases whatever is there.

    An assignment that was made in JupyterLab or formgrader is another matter, and left alone.
    """
    derived = {twin.notebook for twin in found}
    source = root / "assignments/source"
    ours = {*assignments, *(twin.name for twin in found)}
    others = {path.parent for path in source.glob("*/*.ipynb") if path.parent.name not in ours}
    places = [*source.rglob("*"), *(root / "course/lectures").glob("*.ipynb")]
    for path in sorted(places):
        if path in derived or path.is_dir() or _CHECKPOINTS in path.parts:
            continue
        if others.intersection(path.parents):
            continue
        label = path.relative_to(root).as_posix()
        if path.suffix == ".ipynb" and path.parent != source:
            fmt = PERCENT if source in path.parents else MYST
            _refuse_misplaced(Twin(root, _twin(root, fmt, path.stem).text, path, fmt))
            raise AuthoringError(
                f"{label} has no text; make one with `course build --from-notebook {path.stem}`, "
                "or remove the notebook"
            )
        raise AuthoringError(
            f"{label} does not belong there: nbgrader would hand it to students as it is; texts "
            "belong in assignments/authoring, so move it away"
        )


def _refuse_to_overwrite(twin: Twin, notebook: str) -> None:
    """Refuse to lose an edit made in Jupyter, told by the kernel's version that it writes."""
    if not twin.notebook.exists():
        return
    existing = _canonical(_read_notebook(twin.notebook, twin.root))
    if existing != notebook and existing.encode() != twin.notebook.read_bytes():
        label = twin.notebook.relative_to(twin.root).as_posix()
        raise AuthoringError(
            f"{label} was edited in Jupyter; bring it back into its text with `course build "
            f"--from-notebook {twin.name}`, or remove the notebook to make it anew"
        )


def _read_notebook(path: Path, root: Path) -> nbformat.NotebookNode:
    try:
        # Unlike nbformat.read, this passes over missing and repeated ids, which we replace.
        notebook = nbformat.v4.reads_json(path.read_text(encoding="utf-8"))
        _canonical(notebook)
    except (ValueError, AttributeError, KeyError, TypeError):
        label = path.relative_to(root).as_posix()
        raise AuthoringError(f"{label} is not a notebook of format 4; fix or remove it") from None
    return notebook


def _write_text(twin: Twin, notebook: str) -> bool:
    """Write the text that gives `notebook`; return whether it had to change."""
    import jupytext

    old = contents(twin.text, twin.label) if twin.text.exists() else ""
    before = read(old, twin.fmt, twin.label)
    if _canonical(before) == notebook and old:
        return False
    after = nbformat.v4.reads_json(notebook)
    plain = [jupytext.writes(side, fmt=twin.fmt) for side in (_headed(before), _headed(after))]
    for text in (merge(plain[0], plain[1], old), plain[1]):
        if _canonical(read(text, twin.fmt, twin.label)) == notebook:
            twin.text.write_text(text, encoding="utf-8")
            return True
    label = twin.notebook.relative_to(twin.root).as_posix()
    raise AuthoringError(
        f"{label} holds something that text cannot hold, such as a pasted picture; remove it"
    )


def _headed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the notebook's cells under the metadata that make the standard text header."""
    cells = nbformat.v4.reads_json(_canonical(notebook)).cells
    metadata = {"kernelspec": {**_NOTEBOOK_METADATA["kernelspec"], "display_name": "Python 3"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)
