"""Scores nbgrader submissions in parallel, each in a sandbox of its own."""
