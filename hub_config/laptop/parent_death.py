"""``python -m hub_config.laptop.parent_death COMMAND...`` runs a command that ends with its parent.

Ctrl-C ends everything in order. This is for a hub that is killed and can end nothing itself.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>; kept when the process becomes another program


def ending_with_parent(argv: list[str]) -> list[str]:
    """Command line that runs `argv` with a parent-death signal.

    Parameters
    ----------
    argv : list of str
        Command and arguments.

    Returns
    -------
    list of str
        The same on systems that are not Linux.
    """
    # -P: where this starts, a user may have files called like modules
    return [sys.executable, "-P", "-m", __name__, *argv] if sys.platform == "linux" else argv


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    os.execvp(sys.argv[1], sys.argv[1:])
