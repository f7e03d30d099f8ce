"""What a call gives to the student's code, and how the judge's own is changed as that was.

In one process a function can change what it is given, and some tests are there to notice. A
function that only does that, and returns None, changes the judge's originals in the same way; so
does one whose value the test throws away. One that returns a value as well may have changed its
arguments so that a test computes from them what it should have returned: then the originals become
unusable instead, and a test that uses one again fails (`autograder.domains.changed_arguments`).

That is for calls. What is done by another operation, such as an assignment to an attribute, never
changes the originals: those that can be made unusable are, and others stay as they were.
"""

from __future__ import annotations

import random
from typing import Any

from autograder.domains.changed_arguments import make_unusable
from autograder.wire import is_variable, mutables, references, rewrite


class JudgeArguments:
    """The mutable things among a request's arguments.

    Parameters
    ----------
    arguments
        Of the request.
    called
        Whether it is a call, which may change them.
    besides
        Identities of what is the student's own, and changes there.
    """

    def __init__(
        self,
        arguments: tuple[Any, ...],
        *,
        called: bool = True,
        besides: frozenset[int] = frozenset(),
    ) -> None:
        self._called = called
        self._values = [thing for thing in mutables(arguments) if id(thing) not in besides]
        self._models: list[Any] = []
        self._generators: list[Any] = []

    @property
    def known(self) -> dict[int, Any]:
        """What the student's process may refer to, by the numbers that it knows it under."""
        return dict(enumerate(self._values))

    def note(self, thing: Any, reference: references.Reference) -> None:
        """Take note of an argument that went by reference."""
        if "keras" in reference and hasattr(thing, "get_weights"):
            self._models.append(thing)
        if "generator" in reference:
            self._generators.append(thing)

    def take_back(self, changes: Any, *, in_place: bool) -> bool:
        """Change the originals as the student's process says; return whether a value was changed.

        What it says may be anything: what no code could do is passed over.
        """
        if not isinstance(changes, dict):
            return False
        for place, new in _pairs(changes.get("weights"), self._models if self._called else []):
            _try(self._models[place].set_weights, new)
        for place, new in _pairs(changes.get("generators"), self._generators):
            _try(_advance, self._generators[place], new)
        changed = False
        for place, new in _pairs(changes.get("values"), self._values):
            original = self._values[place]
            if self._called and (in_place or is_variable(original)):
                _try(rewrite, original, new)
            elif not is_variable(original):
                changed = True
                _try(make_unusable, original)
        return changed


def _pairs(changes: Any, originals: list[Any]) -> list[tuple[int, Any]]:
    found = []
    for one in changes if isinstance(changes, list) else ():
        whole = isinstance(one, tuple) and len(one) == 2 and type(one[0]) is int
        if whole and 0 <= one[0] < len(originals):
            found.append(one)
    return found


def _try(function: Any, *arguments: Any) -> None:
    try:
        function(*arguments)
    except Exception:
        return  # no change that code could make


def _advance(generator: Any, state: Any) -> None:
    """Let a generator go on where the student's code left it, on its own stream.

    Of most kinds a state that was reached cannot be told from one that was made up, such as one
    that gives nothing but zeros: those go on elsewhere.
    """
    if isinstance(generator, random.Random):
        generator.seed(generator.getrandbits(64))
        return
    bits = getattr(generator, "bit_generator", None)
    if bits is None:
        generator.seed(generator.randint(2**31))
        return
    mine = bits.state
    if mine["bit_generator"] not in ("PCG64", "PCG64DXSM"):
        bits.state = bits.jumped().state if hasattr(bits, "jumped") else mine
    elif int(state["state"]["inc"]) == mine["state"]["inc"]:
        bits.state = {**mine, "state": {**mine["state"], "state": int(state["state"]["state"])}}
