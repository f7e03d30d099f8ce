"""What runs inside the two sandboxed processes, and how they talk to each other.

The student's process runs the student's cells; the judge's runs locked cells and tests. Over the
wire between them go typed values and proxies. Either side treats the other as hostile.
"""

__all__ = [
    "changed_arguments",
    "credit",
    "failure_messages",
    "free_names",
    "item_counts",
    "judge",
    "judge_arguments",
    "overlapping_arrays",
    "own_references",
    "proxy",
    "rpc",
    "special_methods",
    "student",
    "student_arguments",
    "student_files",
]
