"""nbgrader's formgrader, served so that no student's code runs with the instructor's rights.

A server extension with handlers of ours, and the Content-Security-Policy of the pages that show
what students wrote.
"""

__all__ = [
    "extension",
    "policy",
]
