"""Runs one prepared notebook in two sandboxed processes, the student's and the judge's.

It takes a job and returns an execution: the notebook with its outputs, and how each cell ended. The
supervisor of each process enforces its limits.
"""

__all__ = [
    "judge_client",
    "kernel_client",
    "kernel_manager",
    "limit_messages",
    "notebook_run",
    "process",
    "process_pair",
    "shared_process",
    "student_process",
    "supervisor",
    "zygote",
]
