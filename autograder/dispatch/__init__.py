"""Runs grading jobs in parallel on a Dask cluster, local or remote.

It takes jobs (bytes) and returns executions in the order in which they end. If a worker is lost,
another one gets its job.
"""

__all__ = [
    "engine",
    "local_cluster",
    "remote_cluster",
    "resources",
    "worker",
]
