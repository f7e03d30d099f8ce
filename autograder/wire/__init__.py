"""Carries typed values between the student's process and the judge's; nothing is ever unpickled.

A message is a JSON object, the *head*, and a list of *blobs*, which are bytes. `encode` makes a
tree for the head, and blobs, of a value; `decode` makes a value of them. Either end may be forged:
`decode` knows a fixed set of kinds, checks sizes before it allocates, and imports nothing. NumPy,
TensorFlow and Keras serve only where they have been imported already.
"""

from autograder.wire import arrays, plain, standard, tensors  # noqa: F401  (they fill the tables)
from autograder.wire.channel import Channel
from autograder.wire.codec import decode, encode
from autograder.wire.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, WireError
from autograder.wire.mutation import mutables, rewrite, same

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "Channel",
    "WireError",
    "decode",
    "encode",
    "mutables",
    "rewrite",
    "same",
]
