"""The versions in an image: those of the laptop, except for two short files beside this module.

Imports the standard library only: the Dockerfile runs it before anything is installed.
"""

from __future__ import annotations

import re
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path

Pins = dict[str, str]  # version by name, the name as `canonical` writes it

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
#: What each kind of image takes besides, and over, the laptop's constraints.txt.
OVERRIDES = {
    "cpu": ("constraints-image.txt",),
    "gpu": ("constraints-image.txt", "constraints-gpu.txt"),
    "grader": ("constraints-image.txt",),
}


class PinError(ValueError):
    """A constraints file says something else than one version of one package a line."""


def canonical(name: str) -> str:
    """Return a package's name in the one spelling that all its spellings share."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(file: Path) -> Pins:
    """Read a constraints file.

    Raises
    ------
    PinError
        If a line is not ``name==version``, a comment or empty, or names a package again.
    """
    pins: Pins = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, equals, version = text.partition("==")
        if (
            not equals
            or not re.fullmatch(r"[\w.-]+", name)
            or not re.fullmatch(r"[\w.+!]+", version)
        ):
            raise PinError(
                f"Found '{text}' in line {number} of {file.name}, expected name==version; pin it."
            )
        name, _, version = text.partition("==")
        if canonical(name) in pins:
            raise PinError(
                f"Found {name} again in line {number} of {file.name}, expected each package once; "
                "remove one line."
            )
        pins[canonical(name)] = version
    return pins


def pins(kind: str, laptop: Path = CHECKOUT / "constraints.txt") -> Pins:
    """Return what an image of this kind is installed from: the laptop's, then the overrides."""
    merged = read(laptop)
    for name in OVERRIDES[kind]:
        merged |= read(HERE / name)
    return merged


def installed() -> Pins:
    """Return what was installed into this environment.

    Its folders are named, because setuptools shows copies of its own of other packages to whoever
    has imported it.
    """
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {canonical(one.name): one.version for one in distributions(path=folders)}


def differences(expected: Mapping[str, str], found: Mapping[str, str], file: Path) -> list[str]:
    """Return a sentence for each package that is there in another version than expected.

    What is expected and not there is no difference: the laptop's file also pins what only
    developers need.

    Parameters
    ----------
    expected, found : mapping of str to str
        Versions by canonical name.
    file : Path
        Where `expected` comes from, for the sentence.
    """
    return [
        f"Found {name} {found[name]}, expected {version} as {file} says; "
        f"pip install '{name}=={version}', or build the image anew."
        for name, version in sorted(expected.items())
        if name in found and found[name] != version
    ]


def unpinned(expected: Mapping[str, str], found: Mapping[str, str], file: Path) -> list[str]:
    """Return a sentence for each package, but our own, whose version nothing fixes."""
    return [
        f"Found {name} {version}, expected nothing that {file} does not name; "
        "add a line to hub_config/image/constraints-image.txt."
        for name, version in sorted(found.items())
        if name not in expected and name != "dlef"
    ]


def requirements(project: Path = CHECKOUT / "pyproject.toml") -> list[str]:
    """Return what the course needs, so that an image can hold it in a layer below the course."""
    with project.open("rb") as file:
        return list(tomllib.load(file)["project"]["dependencies"])


def write(folder: Path) -> None:
    """Write what the Dockerfile installs from: the pins of each kind, and the requirements."""
    for kind in OVERRIDES:
        _write(folder / f"constraints-{kind}.txt", (f"{n}=={v}" for n, v in pins(kind).items()))
    _write(folder / "requirements.txt", requirements())


def _write(file: Path, lines: Iterable[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
