"""Checks an assignment before a class depends on it, and repeats a disputed grade.

It takes an assignment's source notebook and reference solution, or a graded notebook. It returns
findings with the cell and line of each. It does not change the course's gradebook.
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
