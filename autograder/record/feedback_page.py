"""Makes nbgrader's feedback page begin with the points that were lost, and why."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

#: nbgrader's own template, in the place of which ours is used.
STOCK, OURS = "feedback", "plain_feedback"


class FeedbackPage(HTMLExporter):
    """The exporter of feedback; a template that a course has chosen itself stays.

    The page begins with a table of the questions by name, with points and messages. Its lines
    wrap, so that no message ends at the edge of a screen.
    """

    def __init__(self, config: Config | None = None, **settings: Any) -> None:
        """Choose the template, after nbgrader has chosen its own in the configuration."""
        config = deepcopy(config or Config())  # the converter's own stays as it is
        chosen = config.HTMLExporter
        if chosen.get("template_name") == STOCK:
            chosen.template_name = OURS
            theirs = list(chosen.get("extra_template_basedirs", []))
            ours = str(Path(__file__).with_name("templates"))
            chosen.extra_template_basedirs = [ours, *theirs]
            # Where ours finds the one that it extends, by its folder.
            chosen.extra_template_paths = [*chosen.get("extra_template_paths", []), *theirs]
        super().__init__(config=config, **settings)
