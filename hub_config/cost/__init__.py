"""Estimates what a target will cost: nodes, GPUs, disks, money.

It takes a target's profiles and a number of students. It makes a plan and a table of that plan.
"""

__all__ = [
    "bill",
    "plan",
    "table",
]
