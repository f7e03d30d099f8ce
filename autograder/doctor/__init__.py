"""Checks whether grading can start on this machine, in this course, with this engine.

It takes a course directory and returns findings. Each says what is missing and what to do.
"""

__all__ = [
    "checks",
    "machine",
]
