"""What runs inside the two sandboxed processes, and how they talk to each other.

The student's process runs the student's cells; the judge's runs locked cells and tests. Over the
wire between them go typed values and proxies. Either side treats the other as hostile.
"""

__all__ = [
    "changed_arguments",
    "class_bodies",
    "class_facts",
    "credit",
    "discarded_values",
    "failure_messages",
    "free_names",
    "given_names",
    "introspection",
    "item_counts",
    "judge",
    "judge_arguments",
    "kinds_of_names",
    "main_module",
    "names_in_texts",
    "overlapping_arrays",
    "own_references",
    "patched_names",
    "proxy",
    "proxy_classes",
    "proxy_exceptions",
    "proxy_methods",
    "rpc",
    "special_methods",
    "student",
    "student_arguments",
    "student_files",
    "student_names",
    "student_requests",
    "subclasses",
    "used_names",
    "warning_filters",
    "watched_values",
]
