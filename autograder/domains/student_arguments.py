"""What a request gives to the student's process, and how it was changed there.

The judge's side of a loan is `autograder.domains.judge_arguments`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from autograder.wire import content, mutables, references, same


class StudentArguments:
    """What a request gave to this process, and how it was changed here."""

    def __init__(self, resolve: Callable[[references.Reference], Any]) -> None:
        self._resolve = resolve
        self._models: list[Any] = []
        self._generators: list[Any] = []

    def resolve(self, reference: references.Reference) -> Any:
        """Return what a reference stands for, and take note of it if it can be changed."""
        made = self._resolve(reference)
        if "keras" in reference and hasattr(made, "get_weights"):
            self._models.append(made)
        if "generator" in reference:
            self._generators.append(made)
        return made

    def remember(self, arguments: Any, besides: frozenset[int] = frozenset()) -> None:
        """Keep what everything is like before it can be changed.

        Parameters
        ----------
        arguments
            Of the request.
        besides
            Identities of what is this process's own, and only watched.
        """
        self._values = [thing for thing in mutables(arguments) if id(thing) not in besides]
        self._before = [content(thing) or _copy(thing) for thing in self._values]
        self._weights = [thing.get_weights() for thing in self._models]
        self._states = [_state(thing) for thing in self._generators]

    def changes(self, value: Any) -> tuple[dict[str, list[tuple[int, Any]]], dict[int, Any]]:
        """Return what has changed since, by its place among the things of its kind.

        And what need not be sent: the judge has it as it is here or, after a call that gave
        nothing, will have.
        """
        changed = {
            place
            for place, thing in enumerate(self._values)
            if not _unchanged(self._before[place], thing)
        }
        if value is None:
            known = {
                place: thing
                for place, thing in enumerate(self._values)
                if place not in changed or not _is_variable(thing)
            }
        else:
            differ = {id(self._values[place]) for place in changed}
            known = {
                place: thing
                for place, thing in enumerate(self._values)
                if not changed or differ.isdisjoint(map(id, mutables(thing)))
            }
        weights = [thing.get_weights() for thing in self._models]
        states = [_state(thing) for thing in self._generators]
        contents = [
            (place, thing if _is_variable(thing) else _copy(thing))
            for place, thing in enumerate(self._values)
            if place in changed
        ]
        return {
            "values": contents,
            "weights": _differing(self._weights, weights),
            "generators": _differing(self._states, states),
        }, known


def _state(generator: Any) -> Any:
    return (references.of_generator(generator) or {}).get("aside")


def _differing(before: list[Any], after: list[Any]) -> list[tuple[int, Any]]:
    return [(n, new) for n, new in enumerate(after) if not same(before[n], new)]


def _is_variable(thing: Any) -> bool:
    return hasattr(thing, "numpy")


def _copy(thing: Any) -> Any:
    """Return the content of a mutable value, one level deep."""
    if _is_variable(thing):
        return thing.numpy().copy()
    return copy.copy(thing)


def _unchanged(before: Any, thing: Any) -> bool:
    if (now := content(thing)) is not None:
        return bool(before == now)
    if _is_variable(thing):
        return same(before, thing.numpy())
    if isinstance(thing, list):
        return len(before) == len(thing) and all(map(_is, before, thing))
    if isinstance(thing, dict):
        return before.keys() == thing.keys() and all(
            _is(value, thing[key]) for key, value in before.items()
        )
    return same(before, thing)


def _is(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and same(one, other))
