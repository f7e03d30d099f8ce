"""Opens files safely in a folder that a hostile owner may change at the same time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import BufferedReader


def regular_files(names: list[str], folder: int) -> Iterator[tuple[str, BufferedReader]]:
    """Open one after the other; pass over what is no regular file.

    Parameters
    ----------
    names : list of str
        Names in the folder.
    folder : int
        A descriptor of it, as `os.fwalk` gives.

    Yields
    ------
    tuple
        The name, and the open file.
    """
    for name in names:
        try:  # NOFOLLOW refuses a link, NONBLOCK keeps a pipe from waiting for its writer
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except OSError:
            continue
        with os.fdopen(file, "rb") as reader:
            if stat.S_ISREG(os.fstat(file).st_mode):
                yield name, reader
