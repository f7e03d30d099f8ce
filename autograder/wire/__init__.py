"""Carries typed values between the student's process and the judge's; nothing is ever unpickled.

A message is a JSON object, the *head*, and a list of *blobs*, which are bytes. `encode` makes a
tree for the head, and blobs, of a value; `decode` makes a value of them. Either end may be forged:
`decode` knows a fixed set of kinds and checks sizes before it allocates. It imports nothing but
those of `LIBRARIES` of which a value comes; TensorFlow and Keras serve only where they have been
imported already.
"""

from autograder.wire import (  # noqa: F401  (they fill the tables)
    arrays,
    collected,
    estimators,
    frames,
    masked,
    moments,
    plain,
    results,
    sparse,
    standard,
    symbols,
    tensors,
    tuples,
)
from autograder.wire.channel import Channel
from autograder.wire.codec import decode, encode, learn
from autograder.wire.libraries import LIBRARIES
from autograder.wire.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, WireError
from autograder.wire.mutation import content, is_variable, mutables, rewrite, same

__all__ = [
    "LIBRARIES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "Channel",
    "WireError",
    "content",
    "decode",
    "encode",
    "is_variable",
    "learn",
    "mutables",
    "rewrite",
    "same",
]
