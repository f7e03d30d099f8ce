"""Grading in a cloud, on workers with the resources that the assignments need.

It takes the profiles and the syllabus. It makes Kubernetes objects or Slurm job scripts, and the
certificates with which the coordinator and the workers identify each other.
"""

__all__ = [
    "certificates",
    "kubernetes",
    "resources",
    "slurm",
]
