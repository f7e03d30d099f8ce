"""Puts our engine into nbgrader: its autograde, from the command line or formgrader, runs here.

``nbgrader_config.py`` of a course says::

    from autograder import plugin

    plugin.configure(c)

The module imports nothing of nbgrader, and names the steps by strings: the command line reads this
configuration before anything else, to let the zygote start while the rest is still importing.
"""

from __future__ import annotations

from typing import Any

#: nbgrader's own steps, with ours in the place of those that execute, score or ask the gradebook.
#: Left out are IgnorePattern, which decides by stderr, of which our scoring takes no notice, and
#: DeduplicateIds, which believes the submission's own marks: `OverwriteCells` believes none and
#: sees to duplicates itself.
SANITIZE = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.record.preprocessors.OverwriteKernelspec",
    "autograder.record.preprocessors.OverwriteCells",
    "autograder.record.preprocessors.CheckCellMetadata",
]
AUTOGRADE = [
    "autograder.record.preprocessors.Execute",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.record.preprocessors.SaveAutoGrades",
    "autograder.record.preprocessors.AssignLatePenalties",
    "autograder.record.preprocessors.CheckCellMetadata",
]
FEEDBACK = [
    "autograder.record.feedback.HideHiddenTests",
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
#: How formgrader and feedback make a page of a notebook that a student wrote.
PAGES = {
    "sanitize_html": True,
    "preprocessors": ["autograder.record.pages.CleanPage"],
    "filters": {
        "clean_html": "autograder.record.sanitize.clean",
        # nbgrader's templates clean nothing, but call this one.
        "strip_files_prefix": "autograder.record.sanitize.clean_markdown",
    },
}


def clean_pages(config: Any) -> None:
    """Clean what students wrote before formgrader or feedback makes a page of it.

    Nothing on such a page may act as whoever looks at it: a script in the instructor's browser
    could read hidden tests and change grades.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of a configuration file; three settings of its ``HTMLExporter`` are replaced.
    """
    for name, value in PAGES.items():
        setattr(config.HTMLExporter, name, value)


def configure(config: Any) -> None:
    """Put our steps in the place of nbgrader's sanitising, execution, scoring and feedback.

    Pages of what students wrote are cleaned, too (`clean_pages`).

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of a configuration file.
    """
    config.Autograde.sanitize_preprocessors = SANITIZE
    config.Autograde.autograde_preprocessors = AUTOGRADE
    config.GenerateFeedback.preprocessors = FEEDBACK
    config.GenerateFeedback.exporter_class = "autograder.record.feedback_page.FeedbackPage"
    clean_pages(config)
