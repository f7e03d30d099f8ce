"""When a submission was handed in, by the kernel's clock, and what a backup must keep of that.

The kernel's record of a change cannot be set back, not even by whoever restores a backup: all that
comes out of an archive is new. So the times are written down beside the boxes before a backup is
made, each with a digest of what was handed in. A restored submission has the time that was written
down as long as it is the same, byte for byte; what a student changes later is late.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub_config.exchange.regular_files import regular_files

#: Beside the boxes, where only the instructor's side writes.
FILE = "times.json"
#: Paths of submissions below the boxes.
SUBMISSIONS = "*/*/inbound/*"

Times = dict[str, dict[str, Any]]


def last_change(folder: Path) -> float | None:
    """Return when anything in a submission was changed last, in seconds since 1970.

    Parameters
    ----------
    folder : Path
        The submission, which may change and lie while it is looked at.

    Returns
    -------
    float or None
        By the kernel's clock; None where this is no folder but, for example, a link to one.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return None
    last = status.st_ctime
    for _, folders, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        last = max(last, os.fstat(descriptor).st_ctime)
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # gone meanwhile; the folder's time says so
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                last = max(last, found.st_ctime)
    return last


def digest(folder: Path) -> str:
    """Return a digest of the names and contents of a submission's regular files.

    Parameters
    ----------
    folder : Path
        The submission; links and devices in it count for nothing, as they are not collected.

    Returns
    -------
    str
        In hexadecimal digits.
    """
    whole = hashlib.sha256()
    for name, content in sorted(_contents(folder)):
        whole.update(hashlib.sha256(name).digest() + content)
    return whole.hexdigest()


def keep(boxes: Path) -> int:
    """Write down the times of all submissions, for a backup that is made next.

    Times that were written down before stay for submissions that are the same.

    Parameters
    ----------
    boxes : Path
        The folder of everybody's boxes.

    Returns
    -------
    int
        How many there are.
    """
    before, now = kept(boxes), {}
    for folder in sorted(boxes.glob(SUBMISSIONS)):
        try:
            changed = last_change(folder)
            if changed is None:
                continue
            found, name = digest(folder), str(folder.relative_to(boxes))
        except (OSError, RecursionError):  # its owner takes it away, or nests it deep
            continue
        old = before.get(name, {})
        first = old["time"] if old.get("digest") == found else changed
        now[name] = {"time": min(first, changed), "digest": found}
    new = boxes / f".{FILE}.new"
    new.write_text(json.dumps(now, indent=1), encoding="utf-8")
    new.replace(boxes / FILE)
    return len(now)


def kept(boxes: Path) -> Times:
    """Return what `keep` wrote down: a time and a digest, by paths below the boxes."""
    try:
        found = json.loads((boxes / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(found)


def _contents(folder: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the digest of each regular file, which may lie while it is read."""
    for where, _, names, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name, reader in regular_files(names, descriptor):
            place = (Path(where) / name).relative_to(folder)
            yield os.fsencode(place), hashlib.file_digest(reader, "sha256").digest()
