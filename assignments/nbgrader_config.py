"""The nbgrader course: its name, and the engine that grades it."""

from autograder import plugin
from hub_config.graders import resources

c = get_config()  # noqa: F821 -- traitlets provides it

c.CourseDirectory.course_id = "dlef"

# nbgrader autograde, and formgrader's button, run through our engine.
plugin.configure(c)
c.Autograder.preload = ["numpy", "scipy", "matplotlib.pyplot", "tensorflow", "keras", "course"]
# Whoever writes a test here makes it one that students' code cannot reach.
c.Autograder.protection = "separate"
c.Autograder.cell_cpu_seconds = 10
c.Autograder.cell_seconds = 60
c.Autograder.cpu_seconds = 300
c.Autograder.memory_mb = 2048
# The machine that the syllabus names for a lecture, as profiles.toml describes it.
c.Autograder.resources = resources.resources()
