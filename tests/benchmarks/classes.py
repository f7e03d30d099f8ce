"""Classes of submissions for the measurements, and the two commands that grade them."""

import subprocess
import sysconfig
import time
from pathlib import Path

import nbformat

from course.authoring import submissions
from course.authoring import trial as authoring_trial
from tests.autograder import building

NAME = "day1_gradient_descent"
ROOT = Path(__file__).parents[2]
SCRIPTS = sysconfig.get_path("scripts")
STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'dlef'\n"
#: Like an assignment of the days on Keras: a test builds, trains and asks the student's model.
KERAS = (
    building.marked(
        "import os\n"
        "os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')\n"
        "import numpy as np\nimport tensorflow as tf\nimport keras\n"
        "tf.constant(0.0) + 1.0",
        "imports",
        locked=True,
    ),
    building.solution(
        "def build_model(units):\n"
        "    ### BEGIN SOLUTION\n"
        "    model = keras.Sequential([\n"
        "        keras.layers.Input((2,)),\n"
        "        keras.layers.Dense(units, activation='tanh'),\n"
        "        keras.layers.Dense(1),\n"
        "    ])\n"
        "    model.compile(optimizer=keras.optimizers.Adam(0.05), loss='mse')\n"
        "    return model\n"
        "    ### END SOLUTION",
        "build",
    ),
    building.asserts(
        "keras.utils.set_random_seed(0)\n"
        "model = build_model(16)\n"
        "assert model.count_params() == 65, 'The network has the wrong number of parameters.'\n"
        "X = np.random.default_rng(0).uniform(-1, 1, (128, 2)).astype('float32')\n"
        "y = X[:, :1] * X[:, 1:]\n"
        "### BEGIN HIDDEN TESTS\n"
        "model.fit(X, y, epochs=30, batch_size=32, verbose=0)\n"
        "assert np.mean((np.asarray(model.predict(X, verbose=0)) - y) ** 2) < 0.05, 'no fit'\n"
        "### END HIDDEN TESTS",
        "test_build",
        5,
    ),
)


def day1(scratch: Path, label: str, count: int) -> Path:
    """Return a course with the first ``count`` submissions that prove day 1's tests."""
    trial = authoring_trial.Trial(ROOT, NAME, scratch)
    trial.cases = dict(list(trial.cases.items())[:count])
    return trial.directory(label)


def keras(scratch: Path, label: str, count: int) -> Path:
    """Return a course with ``count`` differently written networks."""
    root = scratch / label
    (root / "source").mkdir(parents=True)
    preload = "c.Autograder.preload = ['numpy', 'tensorflow', 'keras']\n"
    config = f"from autograder import plugin\nplugin.configure(c)\n{preload}"
    building.write_course(root, *KERAS, config=config, assignment=NAME, name="network")
    (answer,) = (c.source for c in KERAS if c.metadata["nbgrader"]["grade_id"] == "build")
    for number in range(count):
        right = answer.replace("0.05", "0.04" if number % 2 else "0.05")
        cells = {"build": f"# attempt {number}\n{right}"}
        release = building.released(root, NAME, "network")
        folder = root / "submitted" / f"student{number:03}" / NAME
        folder.mkdir(parents=True)
        nbformat.write(submissions.fill(release, cells), folder / "network.ipynb")
    return root


def plain(root: Path) -> Path:
    """Take our engine out of a course's configuration."""
    (root / "nbgrader_config.py").write_text(STOCK)
    return root


def grade(command: list[str], directory: Path) -> float:
    """Run a command in a course; return its wall time in seconds."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}\n{done.stdout}")
    return seconds


def stock_seconds(few: Path, one: Path, count: int) -> float:
    """Return what nbgrader needs for ``count`` submissions, from what it needs for 1 and for 8."""
    first = grade(["nbgrader", "autograde", NAME], plain(one))
    eight = grade(["nbgrader", "autograde", NAME], plain(few))
    return first + (count - 1) * (eight - first) / 7


def points(directory: Path) -> dict[tuple[str, str], float | None]:
    """Return what the gradebook of a course has for each student and cell."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{directory}/gradebook.db") as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
