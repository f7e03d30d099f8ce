"""Judges a part of a Kubernetes object, or a whole one, as the API server would.

Names and types are those of Kubernetes' own schema, which `kubernetes_validate` brings; what the
schema leaves to the server's code is laid over it (`api_fields`, `api_rules`).
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jsonschema

from hub_config.check import api_rules, syntax
from hub_config.check.api_fields import FIELDS
from hub_config.check.findings import KEY, Finding, Step
from hub_config.machines.profiles import choose_from

#: The oldest Kubernetes that the chart takes, so that every newer one takes the same.
VERSION = "1.32"
_SCHEMAS = f"kubernetes-json-schema/v{VERSION}.0-local-strict"
#: The word under which a rule of ours stands in the schema.
_RULE = "x-rule"
#: Types of which values hold a part: the chart writes the rest.
PARTS = ("PodSpec", "Probe", "EnvVar", "ServicePort")
_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}


def part(name: str) -> str:
    """Return the name of a type of which nothing must be there."""
    return f"Part of {name}"


def problems(value: Any, schema: Mapping[str, Any]) -> list[Finding]:
    """Say what is wrong with a value.

    Parameters
    ----------
    value : any
        Such as a pod.
    schema : mapping
        As `of` returns it, or with such schemas in it.
    """
    validator = _validator().evolve(schema=schema)
    return [one for error in validator.iter_errors(value) for one in _findings(error)]


def of(name: str) -> dict[str, Any]:
    """Return the schema of a type such as ``Pod``."""
    return {"$ref": f"#/$defs/{name}"}


def known(name: str) -> bool:
    """Whether there is a type with this name."""
    return name in definitions()


@cache
def definitions() -> dict[str, Any]:
    """Return all types by their short names, with our additions."""
    where = resources.files("kubernetes_validate").joinpath(f"{_SCHEMAS}/_definitions.json")
    raw = json.loads(where.read_text(encoding="utf-8"))["$defs"]
    # Of kinds in several versions the last counts: v1 sorts after v1beta1's group.
    names = {full: full.rpartition(".")[2] for full in raw}
    stable = [full for full in sorted(raw) if full.split(".")[-2:-1] == ["v1"]]
    chosen = {names[full]: full for full in [*sorted(raw), *stable, *_core(raw)]}
    found = {short: _short(raw[full], names) for short, full in chosen.items()}
    found["Quantity"] = {"format": "quantity"}
    found["IntOrString"] = {"type": ["string", "integer", "null"]}
    for place, wanted in FIELDS.items():
        _lay_over(found, place, wanted)
    for name in PARTS:
        found[part(name)] = {
            key: value for key, value in copy.deepcopy(found[name]).items() if key != "required"
        }
    for name in api_rules.RULES:
        found[name][_RULE] = name
    for name in PARTS:
        if name in api_rules.RULES and name != "PodSpec":
            found[part(name)][_RULE] = name
    return found


def _core(raw: Mapping[str, Any]) -> list[str]:
    """Types that other groups have under the same name; the core's are those of pods."""
    return [full for full in sorted(raw) if full.startswith("io.k8s.api.core.v1.")]


def _short(schema: Any, names: Mapping[str, str]) -> Any:
    """Return a schema that refers to short names."""
    if isinstance(schema, list):
        return [_short(one, names) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _short(value, names) for key, value in schema.items()}
    for key in ("description", "format"):  # words for people; formats of numbers, ours are of texts
        if isinstance(made.get(key), str):
            del made[key]
    if isinstance(made.get("$ref"), str):
        made["$ref"] = f"#/$defs/{names[made['$ref'].rpartition('/')[2]]}"
    return made


def _lay_over(found: dict[str, Any], place: str, wanted: Mapping[str, Any]) -> None:
    name, _, field = place.partition(".")
    key = field.rstrip("[]{}").removesuffix("{key")
    schema = found[name]["properties"][key]
    if field.endswith("[]"):
        schema = schema["items"]
    elif field.endswith("{key}"):
        schema = schema.setdefault("propertyNames", {})
    elif field.endswith("{}"):
        schema = schema["additionalProperties"]
    schema |= wanted


@cache
def _validator() -> Any:
    """Return a validator that knows all types; what it validates is for `evolve` to say."""

    def rule(_: Any, name: str, instance: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
        if isinstance(instance, Mapping):
            for path, found, do in api_rules.RULES[name](instance):
                yield jsonschema.ValidationError(
                    "", path=path, instance=found, validator=_RULE, validator_value=do
                )

    kind = jsonschema.validators.extend(jsonschema.Draft202012Validator, {_RULE: rule})
    return kind({"$defs": definitions()}, format_checker=_formats())


@cache
def _formats() -> jsonschema.FormatChecker:
    checker = jsonschema.FormatChecker(formats=())
    for name in (*syntax.TEXTS, *syntax.OTHERS):
        checker.checkers[name] = (_fits(name), ())
    return checker


def _fits(name: str) -> Any:
    return lambda value: syntax.fits(name, value)


def _findings(error: jsonschema.ValidationError) -> Iterator[Finding]:
    """Yield what one error of the schema comes to."""
    path: tuple[Step, ...] = tuple(error.absolute_path)
    if "propertyNames" in error.schema_path:
        path = (*path, KEY)
    kind, wanted = error.validator, error.validator_value
    match kind:
        case "anyOf":  # the last is what is to be written; the others are "nothing"
            last = max(error.context, key=lambda one: one.schema_path[0])
            inner = list(_findings(last))
            yield from (Finding(path, error.instance, one.rule, one.do) for one in inner)
        case "additionalProperties":
            properties = error.schema.get("properties", {})
            for key in error.instance:
                if key not in properties:
                    yield Finding(
                        (*path, key),
                        error.instance[key],
                        "unknown",
                        choose_from(key, properties),
                        says="is unknown to Kubernetes",
                    )
        case "required":
            for key in wanted:
                if key not in error.instance:
                    yield Finding(
                        (*path, key),
                        None,
                        "missing",
                        "add it, because Kubernetes needs it",
                        says="is not there",
                    )
        case _:
            yield Finding(path, error.instance, _name(kind, wanted), _do(kind, wanted, error))


def _near(word: str, words: Sequence[str]) -> str:
    """Name the word that was probably meant, at the end of a sentence."""
    alike = [one for one in words if one.lower() == word.lower()]
    near = alike or difflib.get_close_matches(word, words, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _name(kind: str, wanted: Any) -> str:
    return f"{kind} {wanted}" if kind in ("format", _RULE) else kind


def _do(kind: str, wanted: Any, error: jsonschema.ValidationError) -> str:
    match kind:
        case "type":
            words = (
                [wanted] if isinstance(wanted, str) else [one for one in wanted if one != "null"]
            )
            said = " or ".join(_TYPES[one] for one in words)
            quote = words == ["string"] and isinstance(error.instance, int | float)
            return f"write {said}{', in quotes' * quote}"
        case "enum":
            words = [one for one in wanted if one]
            return f"write one of {', '.join(words)}{_near(str(error.instance), words)}"
        case "minimum":
            return f"write {wanted} or more"
        case "maximum":
            return f"write {wanted} or less"
        case "format":
            return syntax.how(wanted)
        case _:
            return str(wanted) if kind == _RULE else error.message
