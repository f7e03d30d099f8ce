"""nbgrader's formgrader, served so that nothing of a student's runs as the instructor.

A server extension with handlers of ours, and the Content-Security-Policy of the pages that show
what students wrote.
"""

__all__ = [
    "extension",
    "policy",
]
