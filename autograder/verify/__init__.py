"""Checks an assignment before a class depends on it, and repeats a grade that is disputed.

In come an assignment's source notebook and its reference solution, or a graded notebook; out come
findings with the cell and the line that they concern. The gradebook of the course is not changed.
"""

__all__ = [
    "lint",
    "lint_context",
    "lint_rules",
    "lint_weak",
    "replay",
    "scratch_course",
    "stock_nbgrader",
    "tried",
    "verify",
]
