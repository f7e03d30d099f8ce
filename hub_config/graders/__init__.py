"""Grading in a cloud: workers with the resources that the assignments ask for.

In come the profiles and the syllabus; out come Kubernetes objects or Slurm job scripts, and the
certificates with which coordinator and workers know each other.
"""

__all__ = [
    "certificates",
    "kubernetes",
    "resources",
    "slurm",
]
