"""Records what a grade was made from, to tell later whether it is still valid."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder.model import Job, Limits


class Cause(StrEnum):
    """Why a submission is graded in this run."""

    NEW = "new"
    RESUBMITTED = "resubmitted"
    ASSIGNMENT = "assignment changed"
    PROTECTION = "protection changed"  # what the author's solution shows of the tests
    LIMITS = "limits changed"
    ENGINE = "grader changed"
    GRADEBOOK = "gradebook changed"  # it does not hold what was recorded
    FORCED = "forced"


def submission_hash(folder: Path) -> str:
    """Return a digest of all files of a submission, names and bytes, as they were handed in."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return digest(
        part for path in paths for part in (bytes(path.relative_to(folder)), _of_file(path))
    )


def digest(parts: Iterable[bytes]) -> str:
    """Return a digest, in hexadecimal, that tells where one part ends and the next begins."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def _of_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@functools.cache
def engine_version() -> str:
    """Return the version of this grader."""
    return versions().get("dlef", "unknown")  # used from a checkout that is not installed


@functools.cache
def versions() -> Mapping[str, str]:
    """Return the versions of what a grade may depend on, as far as they are known here."""
    known = {"python": platform.python_version()}
    for name in ("dlef", "nbgrader", "numpy", "scipy", "tensorflow", "keras"):
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            continue
    return known


def record(job: Job) -> dict[str, Any]:
    """Return, as plain data, what a grade of ``job`` depends on."""
    return {
        "engine": engine_version(),
        "assignment_hash": job.assignment_hash,
        "submission_hash": job.submission_hash,
        "limits": asdict(job.limits),
        "seed": job.seed,
        "shared": list(job.shared),
        "unproven": list(job.unproven),
        "versions": dict(versions()),
    }


def cause(
    kept: Mapping[str, Any],
    *,
    submission: str,
    assignment: str,
    limits: Limits,
    shared: Sequence[str] = (),
    unproven: Sequence[str] = (),
) -> Cause | None:
    """Return why a grade no longer holds, or None if it does.

    Parameters
    ----------
    kept
        What `record` said when the grade was made.
    submission, assignment, limits, shared, unproven
        What it would be made of now.
    """
    if "submission_hash" not in kept:  # an older grader kept less
        return Cause.ENGINE
    if kept["submission_hash"] != submission:
        return Cause.RESUBMITTED
    if kept.get("assignment_hash") != assignment:
        return Cause.ASSIGNMENT
    if (kept.get("shared", []), kept.get("unproven", [])) != (list(shared), list(unproven)):
        return Cause.PROTECTION
    if kept.get("limits") != asdict(limits):
        return Cause.LIMITS
    if kept.get("engine") != engine_version():
        return Cause.ENGINE
    return None


def stamp_text(content: bytes) -> str:
    """Return what a timestamp.txt says; PowerShell and Notepad write UTF-16, or a mark in front.

    Raises
    ------
    ValueError
        If it is no text.
    """
    return content.decode(json.detect_encoding(content)).removeprefix("\ufeff").strip()
