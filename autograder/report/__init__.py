"""Shows the results of grading to people: a page for the instructor, tables for a terminal.

It takes the gradebook, the graded notebooks and the results of a run, and makes HTML and text.
Nothing is graded or recorded here.
"""

__all__ = [
    "item_analysis",
    "report",
    "terminal",
    "timings",
]
