"""Merges what two people did to the lines of one text."""

import difflib


def merge(base: str, edited: str, kept: str) -> str:
    """Merge line by line what `edited` and `kept` each did to `base`; `edited` wins a conflict.

    Parameters
    ----------
    base : str
        The text from which both started.
    edited, kept : str
        What each person made of it.

    Returns
    -------
    str
    """
    lines = [text.splitlines(keepends=True) for text in (base, edited, kept)]
    ours, theirs = _changes(lines[0], lines[1]), _changes(lines[0], lines[2])
    for start, end, new in theirs:
        if not any(start <= other_end and other <= end for other, other_end, _ in ours):
            ours.append((start, end, new))
    merged, at = [], 0
    for start, end, new in sorted(ours, key=lambda change: change[:2]):
        merged += lines[0][at:start] + new
        at = end
    return "".join(merged + lines[0][at:])


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, list[str]]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [(a, b, new[c:d]) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]
