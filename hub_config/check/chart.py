"""Compares values with what the chart Zero to JupyterHub reads: the names of its keys, their types.

The names are here (`chart_keys.json`), so that a mistyped one is found on any machine. Types are
the chart's own to say, in its schema, which comes with ``helm pull jupyterhub --untar``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from hub_config.check.findings import Finding, Step
from hub_config.kubernetes import target
from hub_config.machines.profiles import choose_from

VERSION = "4.4.0"
#: Names that an operator invents, such as those of files.
ANY = "*"
#: The rule that a value breaks where there should be keys.
BELOW = "mapping"
#: What the chart's schema says of values; what is left out is said of keys elsewhere.
_SENTENCES = {
    "type": "write {wanted}",
    "enum": "write one of {wanted}",
    "const": "write {wanted}",
    "minimum": "write {wanted} or more",
    "maximum": "write {wanted} or less",
    "pattern": "write what matches {wanted}",
}
_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}


class ChartError(ValueError):
    """The folder is no chart; its text says what is missing."""


def schema(chart: Path) -> dict[str, Any]:
    """Read the schema of a chart's values.

    Parameters
    ----------
    chart : Path
        The folder that ``helm pull --untar`` makes, or ``jupyterhub`` in the chart's repository.

    Raises
    ------
    ChartError
        If there is none.
    """
    for name in ("values.schema.json", "values.schema.yaml"):
        if (chart / name).is_file():
            return dict(yaml.safe_load((chart / name).read_text(encoding="utf-8")))
    raise ChartError(
        f"there is no values.schema.json in {chart}; give the folder jupyterhub that `helm pull "
        f"jupyterhub --repo https://hub.jupyter.org/helm-chart --version {VERSION} --untar` makes"
    )


def names(part: Any) -> Any:
    """Return the names of the keys that a schema knows: mappings of names, None below them."""
    if not isinstance(part, Mapping):
        return None
    parts = [part, part.get("then", {}), *part.get("oneOf", []), *part.get("anyOf", [])]
    known = {key: names(value) for one in parts for key, value in one.get("properties", {}).items()}
    for value in part.get("patternProperties", {}).values():
        known[ANY] = names(value)
    # Where the schema takes more than it names, so do we.
    closed = part.get("additionalProperties") is False or "then" in part
    return known if known and closed else None


def known_names() -> Any:
    """Return the names of the keys of the chart's release `VERSION`."""
    text = (
        resources.files("hub_config.check").joinpath("chart_keys.json").read_text(encoding="utf-8")
    )
    return json.loads(text)


def unknown_keys(
    values: Mapping[str, Any], known: Any, above: tuple[Step, ...] = ()
) -> Iterator[Finding]:
    """Yield every key that the chart does not read, or below which is nothing.

    Parameters
    ----------
    values : mapping
        As for ``helm``.
    known : mapping or None
        As `names` returns them.
    above : tuple of str
        The keys above.
    """
    for key, value in values.items():
        if key in known:
            below = known[key]
        elif ANY in known:
            below = known[ANY]
        else:
            do = _likely(str(key), known)
            yield Finding((*above, key), value, "key", do, says="is unknown to the chart")
            continue
        if below is None or value is None:
            continue
        if isinstance(value, Mapping):
            yield from unknown_keys(value, below, (*above, key))
        else:
            yield Finding((*above, key), value, BELOW, "write a mapping below it")


def wrong_values(values: Mapping[str, Any], chart: Path) -> Iterator[Finding]:
    """Yield every value that is not of the type which the chart's schema wants.

    Parameters
    ----------
    values : mapping
        As for ``helm``.
    chart : Path
        As for `schema`.
    """
    defaults = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    whole = target.merge(defaults, values)
    found = jsonschema.Draft7Validator(schema(chart)).iter_errors(whole)
    for error in sorted(found, key=lambda one: [str(step) for step in one.absolute_path]):
        path: tuple[Step, ...] = tuple(error.absolute_path)
        if error.validator == "additionalProperties" or error.validator_value == "object":
            continue  # `unknown_keys` has said that
        if error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            yield Finding((*path, missing[0]), None, "required", "add it", says="is not there")
        elif error.validator in _SENTENCES:
            wanted = _SENTENCES[error.validator].format(wanted=_wanted(error.validator_value))
            yield Finding(path, error.instance, error.validator, wanted)
        else:
            says = f"is not what the chart takes: {error.message}"
            yield Finding(path, None, error.validator, "see its documentation", says=says)


def _wanted(value: Any) -> str:
    listed = value if isinstance(value, list) else [value]
    words = [_TYPES.get(one, repr(one)) if isinstance(one, str) else repr(one) for one in listed]
    words = [word for word in words if word != "nothing"] or words
    return " or ".join(words)


def _likely(word: str, known: Mapping[str, Any]) -> str:
    """Name the likeliest key here; else where the chart has one of this name, or all keys here."""
    here = [name for name in known if name != ANY]
    elsewhere = list(_places(word, known_names(), ""))
    if difflib.get_close_matches(word, here, n=1) or not elsewhere:
        return choose_from(word, here)
    return f"it belongs to {' or '.join(elsewhere[:3])}"


def _places(word: str, known: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, below in known.items():
        if key == word and where:
            yield where.rstrip(".")
        if below and key != ANY:
            yield from _places(word, below, f"{where}{key}.")
