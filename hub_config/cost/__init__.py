"""Says what a target costs before anything does: nodes, GPUs, disks, money.

In come a target's profiles and a number of students; out comes a plan, and the table that shows it.
"""

__all__ = [
    "bill",
    "plan",
    "table",
]
