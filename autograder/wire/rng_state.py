"""Seeds the generators of which a process has one, and carries their state to another process."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable
from typing import Any


def seed_all(seed: int) -> None:
    """Seed every generator that somebody may have forgotten to seed."""
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(seed % 2**31)
    elif tensorflow := sys.modules.get("tensorflow"):
        tensorflow.random.set_seed(seed % 2**31)
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)


class Reseeding:
    """Notices in the judge's process that a test sets a seed, so that the student's is set alike.

    In one process the student's code would draw on where the test's own draws ended. So what is
    carried is the state at the moment of the next call, not the seed.
    """

    def __init__(self) -> None:
        self._fresh: set[str] = set()
        self._watch("random", random, "seed", "setstate")
        if numpy := sys.modules.get("numpy"):
            self._watch("numpy", numpy.random, "seed", "set_state")
        if tensorflow := sys.modules.get("tensorflow"):
            self._watch("tensorflow", tensorflow.random, "set_seed")
        if keras := sys.modules.get("keras"):
            self._watch("keras", keras.utils, "set_random_seed")

    def _watch(self, kind: str, module: Any, *names: str) -> None:
        for name in names:
            setattr(module, name, self._noticing(kind, getattr(module, name)))

    def _noticing(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def noticed(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self._fresh.add(kind)
            return result

        return noticed

    def take(self) -> dict[str, Any]:
        """Return the state of what was seeded since the last time, as plain data."""
        fresh, self._fresh = self._fresh, set()
        return {kind: _READ[kind]() for kind in sorted(fresh)}


def adopt(states: dict[str, Any]) -> None:
    """Take over what `Reseeding.take` gave in another process."""
    for kind in ("keras", "tensorflow", "numpy", "random"):  # Keras's own seeds the others too
        if kind in states:
            _WRITE[kind](states[kind])


def _read_random() -> list[Any]:
    version, words, gauss = random.getstate()
    return [version, list(words), gauss]


def _write_random(state: list[Any]) -> None:
    version, words, gauss = state
    random.setstate((version, tuple(words), gauss))


def _read_numpy() -> list[Any]:
    name, words, position, has_gauss, gauss = sys.modules["numpy"].random.get_state()
    return [name, words.tolist(), int(position), int(has_gauss), float(gauss)]


def _write_numpy(state: list[Any]) -> None:
    numpy = sys.modules["numpy"]
    name, words, *rest = state
    numpy.random.set_state((name, numpy.array(words, dtype=numpy.uint32), *rest))


def _read_tensorflow() -> list[Any]:
    context = sys.modules["tensorflow.python.eager.context"].context()
    version, words, gauss = context._rng.getstate()
    return [int(context._seed), [version, list(words), gauss]]


def _write_tensorflow(state: list[Any]) -> None:
    seed, (version, words, gauss) = state
    sys.modules["tensorflow"].random.set_seed(seed)
    context = sys.modules["tensorflow.python.eager.context"].context()
    context._rng.setstate((version, tuple(words), gauss))


def _read_keras() -> int | None:
    seed = sys.modules["keras.src.utils.rng_utils"].get_random_seed()
    return None if seed is None else int(seed)


def _write_keras(seed: int | None) -> None:
    if seed is not None:
        sys.modules["keras"].utils.set_random_seed(seed)


_READ = {
    "random": _read_random,
    "numpy": _read_numpy,
    "tensorflow": _read_tensorflow,
    "keras": _read_keras,
}
_WRITE: dict[str, Callable[[Any], None]] = {
    "random": _write_random,
    "numpy": _write_numpy,
    "tensorflow": _write_tensorflow,
    "keras": _write_keras,
}
