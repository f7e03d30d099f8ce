"""What an ordinary kernel imports or looks up when it starts and when it first shows an error.

Both processes that fork kernels (`autograder.execute.zygote`, `autograder.warm_kernels.server`) do
it once, before.
"""

from __future__ import annotations

import contextlib
import sys

#: What a kernel imports before its first cell, but for what looks for a running kernel then.
MODULES = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "tornado.platform.asyncio",
)


def show_an_error() -> None:
    """Have IPython show an error, to nobody.

    The first time it imports what colours code, and asks of every imported module where its file
    is: a third of a second where that is TensorFlow, in the middle of a student's first mistake.
    """
    # It is only for speed: a kernel shows its own errors as it always does.
    with contextlib.suppress(Exception):
        from IPython.core.ultratb import AutoFormattedTB

        shown = AutoFormattedTB(mode="Context", theme_name="linux")
        try:
            raise ValueError
        except ValueError:
            shown.text(*sys.exc_info())
