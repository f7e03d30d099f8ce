"""Tells a student which limit caused an exception."""

from __future__ import annotations

from autograder.model import SENTENCES, Limits, Verdict
from autograder.sandbox.bubblewrap import FILES

#: How the exceptions of Linux and Python begin, and the sentence that belongs to each.
_SAYINGS = (
    ("OSError: [Errno 24]", "A process may have {limits.open_files} files open."),
    ("OSError: [Errno 27]", "A file may have {limits.file_mb} MB."),
    ("OSError: [Errno 28]", "A submission may write {limits.scratch_mb} MB in {files} files."),
    ("BlockingIOError: [Errno 11]", "A submission may have {limits.processes} processes."),
    ("RuntimeError: can't start new thread", "A submission may have {limits.processes} threads."),
)


def explained(
    verdict: Verdict, message: str, ename: str, evalue: str, limits: Limits
) -> tuple[Verdict, str]:
    """Return how a cell ended and what its student reads, with the limit if it was one.

    Parameters
    ----------
    verdict, message
        What would be said otherwise.
    ename, evalue
        The exception's name and text.
    limits
        Those of the submission.
    """
    if ename == "MemoryError":
        return Verdict.MEMORY, SENTENCES[Verdict.MEMORY].format(limits=limits)
    said = f"{ename}: {evalue}"
    for beginning, sentence in _SAYINGS:
        if said.startswith(beginning):
            words = sentence.format(limits=limits, files=FILES)
            return verdict, f"{message.rstrip('.')}. {words}"
    return verdict, message
