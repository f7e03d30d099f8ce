"""Reads an nbgrader course: its directory, its assignments, its gradebook.

In comes a path; out come the course's settings, what is known of an assignment before anybody's
submission is opened, and the gradebook with one transaction for each submission.
"""

__all__ = [
    "assignment",
    "changed_data",
    "directory",
    "gradebook",
    "nbgrader_steps",
    "provenance",
]
