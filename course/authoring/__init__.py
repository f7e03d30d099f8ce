"""Tools for authors: notebooks from texts, rules for releases, trials of assignments, the website.

In come the texts of lectures and assignments; out come notebooks and findings.
"""

__all__ = [
    "formulas",
    "merge",
    "notebooks",
    "prose",
    "release_rules",
    "renderers",
    "submissions",
    "text",
    "trial",
    "website",
]
