"""Paths inside a notebook's sandbox."""

from __future__ import annotations

from pathlib import Path

#: Where a notebook runs.
SCRATCH = Path("/tmp/work")
#: Where a judge sees the student's scratch.
VIEW = Path("/tmp/.student")
