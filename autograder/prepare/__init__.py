"""Turns what a student submitted into jobs.

It takes a submission directory, which may hold anything. It returns jobs whose locked cells and
hidden tests are those of the assignment, or one sentence that says why it cannot be graded.
"""

__all__ = [
    "notebook_reader",
    "submission",
]
