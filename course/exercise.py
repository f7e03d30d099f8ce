"""Hidden test inputs that belong to one submission, so that nobody can write down their answers."""

import hashlib
import os

import numpy as np

SEED_VARIABLE = "AUTOGRADER_SUBMISSION_SEED"
FALLBACK_SEED = "20260101"  # Validate and stock nbgrader set no seed; grades must still repeat


def submission_rng(label: str) -> np.random.Generator:
    """Return the random stream of one test of one submission.

    The grading engine derives ``AUTOGRADER_SUBMISSION_SEED`` from the content of a submission: the
    same work always meets the same inputs, other work meets other inputs. Where the variable is
    unset or blank, ``FALLBACK_SEED`` takes its place.

    Parameters
    ----------
    label : str
        Name of the test. Streams with different labels are independent of each other, so adding a
        draw to one test leaves the inputs of every other test as they were.

    Returns
    -------
    numpy.random.Generator
        Starts afresh at every call with the same label.

    Raises
    ------
    ValueError
        If the variable holds anything but a decimal or hexadecimal number.
    """
    text = os.environ.get(SEED_VARIABLE, "").strip() or FALLBACK_SEED
    digits = text.lower().removeprefix("0x")
    if not digits or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"{SEED_VARIABLE} must be a decimal or hexadecimal number, not {text!r}")
    # hash() differs from one process to the next; a digest does not.
    digest = hashlib.sha256(f"{digits}\n{label}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
