"""Starts ordinary Jupyter kernels from a process that has already imported the heavy libraries.

It serves people's own notebooks, in JupyterLab: a kernel has its owner's rights, and no limits.
Grading has a process of its own (`autograder.execute.zygote`).
"""

__all__ = [
    "client",
    "preload",
    "provisioner",
    "server",
]
