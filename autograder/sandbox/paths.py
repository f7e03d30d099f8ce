"""Where things lie inside the sandbox of a notebook."""

from __future__ import annotations

from pathlib import Path

#: Where a notebook runs.
SCRATCH = Path("/tmp/work")
#: Where a judge sees the student's scratch.
VIEW = Path("/tmp/.student")
