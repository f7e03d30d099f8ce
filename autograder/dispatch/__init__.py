"""Runs grading jobs in parallel on a Dask cluster, local or remote.

In come jobs (bytes); out come executions in the order in which they end. A job that a lost worker
was running is given to another one.
"""

__all__ = [
    "engine",
    "local_cluster",
    "remote_cluster",
    "resources",
    "worker",
]
