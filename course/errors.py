"""What goes wrong in the course's own files, in one sentence for the person who can mend it."""

from collections.abc import Iterable
from difflib import get_close_matches


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
    close = get_close_matches(word, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    if not names:
        return "there are none yet"
    quoted = [f"'{name}'" for name in names]
    listed = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
    return f"known {'is' if len(names) == 1 else 'are'} {listed}"
