"""Reads an nbgrader course: its directory, its assignments, its gradebook.

It takes a path. It returns the course's settings, what is known about an assignment before any
submission is opened, and the gradebook, with one transaction for each submission.
"""

__all__ = [
    "assignment",
    "changed_data",
    "directory",
    "gradebook",
    "nbgrader_steps",
    "provenance",
]
