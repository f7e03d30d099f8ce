"""Grades nbgrader submissions in parallel, each in its own sandbox."""
