"""What passes between instructors and students: boxes for submissions, lectures.

Each student has one box, so that the box says who submitted.
"""

__all__ = [
    "boxes",
    "lectures",
    "regular_files",
    "times",
]
