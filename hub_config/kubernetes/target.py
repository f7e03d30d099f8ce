"""Reads a target: the values of one hub on Kubernetes, from the files that make them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hub_config.kubernetes import settings as kubernetes_settings
from hub_config.machines import profiles as machines

FOLDER = Path(__file__).parent
#: Targets that have a file here; any other is a path.
NAMES = ("staging", "production")
COMMON = FOLDER / "common.yaml"


class TargetError(ValueError):
    """A target's files cannot be read as one; its arguments are the sentences."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


@dataclass(frozen=True)
class Target:
    """One hub on Kubernetes, as its operator wants it.

    Attributes
    ----------
    name : str
        Of the target, or of the operator's file without its ending.
    path : Path
        The file that an operator edits.
    files : tuple of Path
        Everything that was read, the strongest last.
    values : dict
        All of them merged, without the chart's own.
    custom : Custom
        Our settings among the values.
    profiles : Profiles
        The machines that it offers.
    profiles_path : Path or None
        Where they were read; None for the file beside this package.
    """

    name: str
    path: Path
    files: tuple[Path, ...]
    values: dict[str, Any]
    custom: kubernetes_settings.Custom
    profiles: machines.Profiles
    profiles_path: Path | None


def load(target: str, *, secrets: bool = True) -> Target:
    """Read a target.

    Parameters
    ----------
    target : str
        ``staging``, ``production``, or the path of a YAML file.
    secrets : bool
        Whether to read ``NAME.secrets.yaml`` beside it, where it exists.

    Raises
    ------
    TargetError
        With a sentence for everything that is wrong with the files or with ``custom:``.
    ProfileError
        With a sentence for everything that is wrong with the profiles.
    """
    path, files, values = read(target, secrets=secrets)
    raw = values.get("custom", {})
    named = raw.get("profiles") if isinstance(raw, Mapping) else None
    own = path.parent / named if named and isinstance(named, str) else None
    found = machines.load(own)
    names = [profile.name for profile in found.profiles]
    try:
        settings = kubernetes_settings.read(raw, groups=found.groups, profiles=names)
    except kubernetes_settings.CustomError as error:
        raise TargetError(*(f"{path.name}: {problem}" for problem in error.args)) from None
    return Target(path.stem, path, files, values, settings, found, own)


def read(target: str, *, secrets: bool = True) -> tuple[Path, tuple[Path, ...], dict[str, Any]]:
    """Read a target's files, and judge nothing in them.

    Parameters
    ----------
    target, secrets
        As for `load`.

    Returns
    -------
    path : Path
        The file that an operator edits.
    files : tuple of Path
        Everything that was read, the strongest last.
    values : dict
        All of them merged.

    Raises
    ------
    TargetError
        If a file is not there, or holds no mapping.
    """
    path = _path(target)
    hidden = path.with_name(f"{path.stem}.secrets.yaml")
    files = (COMMON, path, *((hidden,) if secrets and hidden.exists() else ()))
    values: dict[str, Any] = {}
    for file in files:
        values = merge(values, _read(file))
    return path, files, values


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one set of values over another, as Helm does: mappings merge, all else replaces.

    Parameters
    ----------
    below, above : mapping
        The second wins; its empty values (``null``) take the first's away.

    Returns
    -------
    dict
        New; neither of the two is changed.
    """
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, Mapping):
            merged[key] = merge(old if isinstance(old, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _path(target: str) -> Path:
    if target in NAMES:
        return FOLDER / f"{target}.yaml"
    path = Path(target)
    if path.suffix not in (".yaml", ".yml"):
        known = ("laptop", *NAMES)
        raise TargetError(
            f"found the target '{target}', expected one of {', '.join(known)}, or the path of a "
            f"YAML file; {kubernetes_settings.did_you_mean(target, known)}"
        )
    if path.name.endswith((".secrets.yaml", ".example.yaml")):
        raise TargetError(
            f"{path} is no target: a file of secrets is read together with the target beside it, "
            "and an example is for copying; name the target's own file"
        )
    return path


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.load(file.read_text(encoding="utf-8"), Loader=_Strict)
    except FileNotFoundError:
        raise TargetError(f"there is no {file}; write one, or name another") from None
    except OSError as error:
        raise TargetError(f"{file} cannot be read ({error.strerror}); name a file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TargetError(f"{file.name} is not valid YAML, so correct it: {error}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise TargetError(f"{file.name} holds no mapping of settings; write 'key: value' lines")
    return values


class _Strict(yaml.SafeLoader):
    """YAML that refuses a key given twice: the second would silently replace the first."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is no text, so quote it", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
