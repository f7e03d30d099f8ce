"""Errors in the course's own files, in one sentence for the person who can fix them."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

ALIKE = 0.6


class CourseError(ValueError):
    """A fault in what a person wrote or asked for: what was found, what was expected, what to do.

    The command line prints its one sentence after ``course:`` and exits with 2; anything else that
    is raised is a fault of ours and keeps its traceback.
    """


def choose_from(word: str, known: Iterable[str]) -> str:
    """Finish an error message: the likeliest meaning of `word`, or else everything known.

    Parameters
    ----------
    word : str
        What was found.
    known : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        ``did you mean 'loss'?`` or ``known are 'loss' and 'gradient'``.
    """
    names = list(known)
    close = [
        name for name in get_close_matches(word, names, n=3, cutoff=ALIKE) if _alike(word, name)
    ]
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "there are none yet"
    quoted = [f"'{name}'" for name in names]
    listed = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
    return f"known {'is' if len(names) == 1 else 'are'} {listed}"


def _alike(word: str, name: str) -> bool:
    """Compare what follows "day2_", which makes all names of a day alike."""
    (_, under, ours), (_, also_under, theirs) = word.partition("_"), name.partition("_")
    return not (under and also_under) or SequenceMatcher(None, ours, theirs).ratio() >= ALIKE
