"""Turns the outcomes of a notebook's cells into points, and writes them into nbgrader's gradebook.

It takes executed notebooks with the verdict of each cell. It writes scores, the gradebook's rows,
the graded notebook and the feedback that students may see. Points given by hand stay.
"""

__all__ = [
    "feedback",
    "pages",
    "preprocessors",
    "recorder",
    "reference",
    "sanitize",
    "score",
]
