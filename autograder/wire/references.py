"""Packs and unpacks what a message between student and judge carries besides plain data."""

from __future__ import annotations

import importlib
import json
import random
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograder.wire import WireError, decode, encode

#: What a reference to something that cannot go by value looks like.
Reference = dict[str, Any]
_NOTHING: Mapping[int, Any] = {}
#: The bit generators of NumPy, whose state is plain data.
BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
#: How many words the state of MT19937 has, and the buffer of Philox.
_WORDS, _BUFFER = 624, 4
#: Keras's things that can be made again from their configuration, by the class they derive from.
KERAS = ("Layer", "Loss", "Optimizer", "Metric", "Initializer", "Regularizer", "Constraint")


def pack(
    value: Any, refer: Callable[[Any], Reference], known: Mapping[int, Any] = _NOTHING
) -> tuple[dict[str, Any], list[Any]]:
    """Return ``value`` as part of a message's head, and its blobs.

    A reference may have plain data of its own, under ``aside``. What is ``known`` to the other end,
    by its numbers there, is not sent.
    """
    aside: list[Any] = []

    def note(thing: Any) -> Reference:
        made = refer(thing)
        if "aside" in made:
            aside.append(made["aside"])
            made = {**made, "aside": len(aside) - 1}
        return made

    tree, blobs = encode(value, note, known)
    more, blobs_aside = encode(aside, _refuse)
    return {"value": tree, "aside": more, "split": len(blobs)}, [*blobs, *blobs_aside]


def unpack(
    head: dict[str, Any],
    blobs: Sequence[bytearray],
    resolve: Callable[[Reference], Any],
    known: Mapping[int, Any] = _NOTHING,
) -> Any:
    """Return what was packed.

    Raises
    ------
    WireError
        If it is malformed.
    """
    split = head.get("split")
    if not isinstance(split, int) or not 0 <= split <= len(blobs):
        raise WireError("a message without its value")
    aside = decode(head.get("aside"), blobs[split:], _refuse)
    if not isinstance(aside, list):
        raise WireError("a message without its value")

    def find(made: Reference) -> Any:
        if "aside" in made:
            place = made["aside"]
            if not isinstance(place, int) or not 0 <= place < len(aside):
                raise WireError("a reference to nothing")
            made = {**made, "aside": aside[place]}
        return resolve(made)

    return decode(head.get("value"), blobs[:split], find, known)


def _refuse(thing: Any) -> Any:
    raise WireError(f"an object of type {type(thing).__name__} inside of a reference")


def known(thing: Any) -> Reference | None:
    """Return a reference that makes sense in any process, if there is one.

    Modules, and functions and classes that can be imported, go by their names; NumPy's generators
    by their state; Keras's layers, models, losses and optimizers by configuration and weights.
    """
    if isinstance(thing, types.ModuleType):
        return {"module": thing.__name__, "name": ""}
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str) and module != "__main__":
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is thing and found is not None:
            return {"module": module, "name": name}
    return of_generator(thing) or _masked(thing) or _keras(thing)


def of_generator(thing: Any) -> Reference | None:
    """Return a reference to a random generator, None for anything else."""
    if type(thing) is random.Random:
        return {"generator": "Random", "aside": thing.getstate()}
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(thing) is numpy.random.RandomState:
        return {"generator": "RandomState", "aside": thing.get_state()}
    if numpy is None or type(thing) is not numpy.random.Generator:
        return None
    bits = thing.bit_generator
    if type(bits).__name__ not in BIT_GENERATORS:
        return None
    return {"generator": type(bits).__name__, "aside": bits.state}


def _masked(thing: Any) -> Reference | None:
    """Return a reference to a masked array, None for anything else.

    Of the student's there are none: what is masked equals whatever it is compared with. One of
    which nothing is masked goes by value (`autograder.wire.masked`).
    """
    ma = sys.modules.get("numpy.ma")
    if ma is None or type(thing) is not ma.MaskedArray:
        return None
    mask = None if thing.mask is ma.nomask else thing.mask
    fill = thing.fill_value if thing.dtype.names is None else None
    return {"masked": bool(thing.hardmask), "aside": [ma.getdata(thing), mask, fill]}


def _make_masked(reference: Reference) -> Any:
    data, mask, fill = reference["aside"]
    ma = importlib.import_module("numpy.ma")
    mask = ma.nomask if mask is None else mask
    return ma.MaskedArray(data, mask, fill_value=fill, hard_mask=reference["masked"])


def _keras(thing: Any) -> Reference | None:
    keras = sys.modules.get("keras")
    if keras is None or not _is_keras(keras, thing):
        return None
    try:
        configuration = json.dumps(keras.saving.serialize_keras_object(thing))
    except Exception as error:
        raise WireError(f"{type(thing).__name__} cannot be serialised: {error}") from error
    return {"keras": configuration, "aside": weights(thing)}


def _is_keras(keras: Any, thing: Any) -> bool:
    homes = [keras, keras.losses, keras.optimizers, keras.metrics, keras.initializers]
    homes += [keras.layers, keras.regularizers, keras.constraints]
    kinds = {getattr(home, name, None) for home in homes for name in KERAS}
    return any(kind is not None and isinstance(thing, kind) for kind in kinds)


def weights(thing: Any) -> list[Any]:
    """Return the weights of a Keras object as arrays; of one that has none yet, an empty list."""
    numpy = sys.modules["numpy"]
    if hasattr(thing, "get_weights") and hasattr(thing, "set_weights"):
        return [numpy.asarray(one) for one in thing.get_weights()]
    return []


def make(reference: Reference, names: dict[str, Any]) -> Any:
    """Return what a reference of `known` stands for; only for references that come from the judge.

    Parameters
    ----------
    reference
        Of the forms that `known` gives.
    names
        Where Keras finds classes that a notebook defines itself.

    Raises
    ------
    WireError
        If there is no such thing here.
    """
    if "module" in reference:
        return _named(reference["module"], reference["name"])
    if "generator" in reference:
        return generator(reference)
    if "masked" in reference:
        return _make_masked(reference)
    if "keras" in reference:
        return _make_keras(reference, names)
    raise WireError("an unknown reference")


def _named(module: str, name: str) -> Any:
    try:
        found: Any = importlib.import_module(module)
        for part in name.split(".") if name else ():
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise WireError(f"{module}.{name} is not known to the student's process") from error
    return found


def generator(reference: Reference) -> Any:
    """Return the random generator that a reference describes.

    Raises
    ------
    WireError
        If it describes none.
    """
    kind, state = reference.get("generator"), reference.get("aside")
    numpy = sys.modules.get("numpy")
    try:
        if kind == "Random":
            made: Any = random.Random()
            made.setstate(state)
        elif kind == "RandomState" and numpy is not None:
            made = numpy.random.RandomState()
            made.set_state(state)
            _check_places(made.get_state(legacy=False))
        elif kind in BIT_GENERATORS and numpy is not None:
            bits = getattr(numpy.random, kind)()
            bits.state = state
            _check_places(bits.state)
            made = numpy.random.Generator(bits)
        else:
            raise WireError("an unknown kind of random generator")
    except WireError:
        raise
    except Exception as error:  # NumPy raises whatever its parts raise
        raise WireError("a random generator without a proper state") from error
    return made


def _check_places(state: Any) -> None:
    """Refuse a state whose next number would lie outside of it: NumPy would read there."""
    if not (0 <= state["state"].get("pos", 0) <= _WORDS):
        raise WireError("a random generator without a proper state")
    if not (0 <= state.get("buffer_pos", 0) <= _BUFFER):
        raise WireError("a random generator without a proper state")


def _make_keras(reference: Reference, names: dict[str, Any]) -> Any:
    keras = sys.modules["keras"]
    classes = {name: thing for name, thing in names.items() if isinstance(thing, type)}
    made = keras.saving.deserialize_keras_object(
        json.loads(reference["keras"]), custom_objects=classes, safe_mode=False
    )
    if reference["aside"]:
        made.set_weights(reference["aside"])
    return made
