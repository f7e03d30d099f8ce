"""Turns the outcomes of a notebook's cells into points, and writes them into nbgrader's gradebook.

In come executed notebooks with the verdict of each cell; out go scores, the gradebook's rows, the
graded notebook and the feedback that students may see. Points given by hand stay.
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
