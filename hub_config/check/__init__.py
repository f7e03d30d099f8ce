"""Says in words what is wrong with a target before anything reaches a cluster.

In comes the name or the file of a target; out come findings about its values, its machines and the
keys that the chart reads.
"""

__all__ = [
    "chart",
    "machines",
    "target",
    "traits",
    "values",
]
