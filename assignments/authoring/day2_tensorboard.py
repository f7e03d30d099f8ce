# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] nbgrader={"grade": false, "grade_id": "intro", "locked": true, "schema_version": 3, "solution": false, "task": false}
# # Day 2: the flight recorder of a training
#
# Overnight a pricing desk trains the same network forty times. In the morning somebody has to say
# which run to keep, which one blew up, and why. All that is left of the night is a folder of *event
# files*. You build the tools for that morning: some write the record, the others read it.
#
# | question | you write | points |
# | --- | --- | --- |
# | 1 | a folder of its own for every run | 2 |
# | 2 | curves, written with the right tags and steps | 3 |
# | 3 | a reader of raw records; what to do after a restart | 3 + 2 |
# | 4 | smoothing that respects the steps | 2 |
# | 5 | histograms: decades of gradients, shares of a bucket table | 1 + 2 |
# | 6 | a Keras callback that measures how far the weights move | 3 |
# | 7 | the ranking of the runs | 2 |
#
# **How it is graded.** Below each answer stands a test cell. What you see in it are the first
# checks; run them with *Validate*. Grading runs more checks in the same cell, on numbers drawn for
# your submission. A function that follows its description passes both.
#
# **Rules that hold for every function here**
#
# - A *curve* is a list of pairs `(step, value)` of Python numbers, an `int` and a `float`, or an
#   array of values where the text says so.
# - `nan`, `inf` and `-inf` are "not finite"; all other floats are finite (`np.isfinite`).
# - Never change a list, dict or array that you were given.
# - Folders are given and returned as strings.
# - Loops are fine everywhere.
# - Write files only where a function is told to. To try something, take
#   `tempfile.mkdtemp()`, a new empty folder outside your home.
# - The library's `course.event_logs` has other conventions. Read it for ideas; its functions do not
#   answer these questions.

# %% nbgrader={"grade": false, "grade_id": "imports", "locked": true, "schema_version": 3, "solution": false, "task": false}
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no start-up messages from TensorFlow

import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from course import event_logs
from course.exercise import submission_rng

tf.constant(0.0) + 1.0  # wake TensorFlow here, so that what it reports lands in no test cell
tf.get_logger().setLevel("ERROR")


# %% nbgrader={"grade": false, "grade_id": "tools", "locked": true, "schema_version": 3, "solution": false, "task": false}
def records_in(folder):
    """Return the records of all event files that lie in a folder, oldest first, as bytes."""
    files = event_logs.event_files(folder)
    return [record for file in files for record in event_logs.records(file)]


def make_record(step, *values):
    """Return one record, as bytes, that holds the given values at one step.

    A value is a pair (tag, number), written as TensorFlow 1 and PyTorch write a scalar, or a triple
    (tag, array, plugin), written as TensorFlow 2 writes everything; plugin is "" where the writer
    leaves it out.
    """
    summary = tf.compat.v1.Summary()
    for value in values:
        if len(value) == 2:
            summary.value.add(tag=value[0], simple_value=value[1])
        else:
            data = summary.value.add(tag=value[0], tensor=tf.make_tensor_proto(value[1]))
            if value[2]:
                data.metadata.plugin_data.plugin_name = value[2]
    return tf.compat.v1.Event(step=step, summary=summary).SerializeToString()


# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_folder", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 1: a folder of its own (2 points)
#
# TensorBoard takes all event files of one folder for **one** run. Train twice into the same folder,
# and the chart shows the second training with the first one gone, or the two tangled up, depending
# on who reads the files. The cure is a folder per run.
#
# Write `fresh_folder(root, name)`. It makes a new folder for a run called `name` in the folder
# `root`, and returns its path as a string, `str(Path(root, name))`. If something of that name is
# there already, be it an empty folder or a file, the run is called `name-2`, and if that is there too, `name-3`,
# and so on: the first number from 2 on that is free.
#
# `root` may not exist yet, and `name` may contain slashes, as in `"rate=0.1/seed=3"`: make all the
# folders on the way (`Path.mkdir(parents=True)` and `os.makedirs` do).
#
# **By hand.** In an empty `root`, three calls with `"adam"` make `adam`, `adam-2`, `adam-3`. If only
# `sgd-2` is there, two calls with `"sgd"` make `sgd` and then `sgd-3`.


# %% nbgrader={"grade": false, "grade_id": "folder", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fresh_folder(root, name):
    """Make a new folder for a run.

    root : str, the log directory; made if it does not exist
    name : str, how the run should be called; may contain slashes

    Returns the path of the new folder, a str: root/name, or root/name-2, root/name-3, …
    """
    ### BEGIN SOLUTION
    folder = Path(root, name)
    number = 1
    while folder.exists():
        number += 1
        folder = Path(root, f"{name}-{number}")
    folder.mkdir(parents=True)
    return str(folder)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "occupied", "locked": true, "schema_version": 3, "solution": false, "task": false}
# Somebody left files where a run would like to have its folder.
Path("occupied").mkdir(exist_ok=True)
for left in ("adam", "sgd", "sgd-2"):
    Path("occupied", left).write_text("a note, no folder")

# %% nbgrader={"grade": true, "grade_id": "test_folder", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
    root = str(Path(place, "logs"))  # does not exist yet
    found = [fresh_folder(root, "adam") for _ in range(3)]
    assert all(isinstance(path, str) for path in found), "Return the path as a str."
    right = [str(Path(root, name)) for name in ("adam", "adam-2", "adam-3")]
    assert found == right, f"Three runs called adam should lie in {right}, yours in {found}."
    assert all(Path(path).is_dir() for path in found), "A folder that you returned does not exist."
    ### BEGIN HIDDEN TESTS
    rng = submission_rng("folder")
    name = f"rate={rng.integers(1, 99)}e-3/width={rng.integers(4, 99)}"
    taken = int(rng.integers(4, 7))
    fresh_folder(root, f"{name}-{taken}")
    found = [fresh_folder(root, name) for _ in range(taken)]
    numbers = [number for number in range(1, taken + 2) if number != taken]
    right = [str(Path(root, name + (f"-{n}" if n > 1 else ""))) for n in numbers]
    assert found[0] == right[0], "The first run of a name that nobody has used gets this very name."
    assert found[1] == right[1], "The second run of a name gets -2 after it, slashes or not."
    assert found == right, (
        "A run of the same name with a higher number was there before the others. Take the first "
        "number from 2 on that is free, and step over those that are taken."
    )
    assert all(Path(path).is_dir() for path in found), "A folder that you returned does not exist."
    assert fresh_folder(root, "adam") == str(Path(root, "adam-4")), (
        "What another name does in the same root must not change the numbers of this one."
    )
    assert {path.name for path in Path(root).iterdir()} == {
        *("adam", "adam-2", "adam-3", "adam-4"),
        name.split("/")[0],
    }, "There are other folders in root than those that were asked for."
    elsewhere = str(Path(place, "other", "logs"))
    assert fresh_folder(elsewhere, "adam") == str(Path(elsewhere, "adam")), (
        "A run of that name in another root takes no number here."
    )
    for name, least in (("adam", 2), ("sgd", 3)):
        try:
            found = fresh_folder("occupied", name)
        except OSError:
            raise AssertionError(
                "Where a file has the name that a run should have, fresh_folder breaks off. Take the "
                "next name that is free."
            ) from None
        number = Path(found).name.removeprefix(f"{name}-")
        assert number.isdigit(), (
            "A file that has the name of a run is in its way, as a folder is: take the next name."
        )
        assert int(number) >= least, "A file that has the name of a run takes its number, too."
    ### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_curves", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 2: curves with tags and steps (3 points)
#
# Write `log_curves(folder, curves, first, every)`. `curves` is a dict: its keys are tags, its values
# are arrays of numbers. Write each number as a scalar into one new event file in `folder`, with
# `tf.summary`: the $i$-th number of a curve ($i=0,1,2,\dots$) at step
#
# $$\text{first}+\text{every}\cdot i .$$
#
# - Curves may have different lengths; one may be empty.
# - A number that is not finite is **left out** (TensorBoard cannot draw it), and the steps of the
#   others stay what they are: a gap in the curve is honest, a curve that moved to the left is not.
#   (The file holds 32-bit floats. No finite number that you are given is too large for them.)
# - When the function returns, everything is in the file: close the writer.
#
# Return how many numbers were left out, an `int`.
#
# **By hand.** `log_curves(folder, {"loss": [3.0, nan, 2.0]}, 10, 5)` writes the tag `loss` twice, 3.0
# at step 10 and 2.0 at step 20, and returns 1.


# %% nbgrader={"grade": false, "grade_id": "curves", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_curves(folder, curves, first, every):
    """Write curves as scalars into a new event file.

    folder : str, the folder of the run
    curves : dict; each key is a tag (a str), each value an array or list of numbers
    first : int, the step of a curve's first number
    every : int, by how much the step grows from one number to the next

    Returns how many numbers were left out because they are not finite, an int.
    """
    ### BEGIN SOLUTION
    left_out = 0
    writer = tf.summary.create_file_writer(folder)
    with writer.as_default():
        for tag, values in curves.items():
            for place, value in enumerate(values):
                if np.isfinite(value):
                    tf.summary.scalar(tag, value, step=first + every * place)
                else:
                    left_out += 1
    writer.close()
    return left_out
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_curves", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
    folder = str(Path(place, "run"))
    left_out = log_curves(folder, {"loss": np.array([3.0, np.nan, 2.0])}, 10, 5)
    assert Path(folder).is_dir(), "There is no event file in the folder that was given."
    files = event_logs.event_files(folder)
    assert len(files) == 1, f"One call writes one event file, not {len(files)}."
    written = {}
    for record in records_in(folder):
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            kind = value.metadata.plugin_data.plugin_name
            assert kind == "scalars", f"Use tf.summary.scalar; you wrote {kind}."
            number = float(tf.make_ndarray(value.tensor))
            written.setdefault(value.tag, []).append((event.step, number))
    assert set(written) == {"loss"}, f"The only tag is 'loss'; the file has {sorted(written)}."
    assert written["loss"] == [(10, 3.0), (20, 2.0)], (
        f"The file should hold (10, 3.0) and (20, 2.0), and holds {written['loss']}."
    )
    assert left_out == 1, f"One number was to be left out; you returned {left_out}."
    ### BEGIN HIDDEN TESTS
    rng = submission_rng("curves")
    for first, every in [(0, 1), (int(rng.integers(1, 9)), int(rng.integers(2, 9)))]:
        curves = {f"loss/{part}": rng.normal(0, 9, rng.integers(4, 8)) for part in ("a", "b")}
        curves["few"] = [int(rng.integers(1, 9)), 0.0]
        curves["none"] = np.empty(0)
        holes = [np.inf, -np.inf, np.nan]
        where = rng.choice(3, 3, replace=False) + 1
        for hole, spot in zip(holes, where, strict=True):
            curves["loss/a"] = np.insert(curves["loss/a"], spot, hole)
        curves["loss/b"][-1] = np.nan
        kept = {tag: np.array(values) for tag, values in curves.items()}
        folder = str(Path(place, f"every-{every}"))
        left_out = log_curves(folder, curves, first, every)
        assert all(np.array_equal(kept[t], curves[t], equal_nan=True) for t in kept), (
            "Your function changed a curve that it was given."
        )
        written = {}
        for record in records_in(folder):
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars", (
                    "Your file holds something that is not a scalar."
                )
                number = float(tf.make_ndarray(value.tensor))
                written.setdefault(value.tag, []).append((event.step, number))
        assert set(written) == {"loss/a", "loss/b", "few"}, (
            "The tags in your file are not the keys of the dict (an empty curve has no tag at all)."
        )
        for tag, points in written.items():
            fine = np.flatnonzero(np.isfinite(kept[tag]))
            values = [float(np.float32(kept[tag][spot])) for spot in fine]
            assert [value for _, value in points] == values, (
                "The values of a curve are wrong: every finite number is in your file once, in its "
                "order, and nothing that is not finite (nan, inf, -inf)."
            )
            assert [step for step, _ in points] == [first + every * int(spot) for spot in fine], (
                "The steps are wrong. The number at place i has the step first + every·i, with i "
                "counted in the curve as it was given, what is left out included."
            )
        assert isinstance(left_out, int | np.integer), (
            "The number of values left out should be an int."
        )
        assert left_out == 4, (
            "The number of values that were left out is wrong: it is over all curves together, and "
            "inf and -inf are not finite either."
        )
    ### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_records", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 3: the raw record (3 + 2 points)
#
# **(a)** An event file is a list of *records*. The cell at the top gives you `records_in(folder)`,
# which returns them as bytes, and `make_record`, which makes one. Each record is a protocol buffer:
#
# ```python
# event = tf.compat.v1.Event.FromString(record)
# event.step                               # an int
# for value in event.summary.value:        # any number of values, also none
#     value.tag                            # a str
#     value.HasField("simple_value")       # True: a scalar as TensorFlow 1 and PyTorch write it …
#     value.simple_value                   # … and this is its number
#     value.HasField("tensor")             # True: written by TensorFlow 2 …
#     tf.make_ndarray(value.tensor)        # … and this is its array
#     value.metadata.plugin_data.plugin_name   # which panel shows it: "scalars", "histograms", …
# ```
#
# Write `scalars_of(records)`. It takes a list of records and returns a dict from each scalar's tag to
# its curve: the list of pairs `(step, value)`, an `int` and a `float`, in the order of the records.
#
# - Every `simple_value` is a scalar. A tensor is a scalar if its plugin is `"scalars"`.
# - A writer need name the plugin only at the **first** value of a tag. Where the name is `""`, the
#   tag's first value tells. (No tag mixes tensors with values of the kind `simple_value`.)
# - All else is passed over: histograms, texts, graphs, records without values.
#
# **By hand.** The records
#
# ```python
# [make_record(0, ("loss", 2.0, "scalars"), ("weights", np.ones((3, 3)), "histograms")),
#  make_record(1, ("loss", 1.5, ""), ("weights", np.ones((3, 3)), "")),
#  make_record(4, ("reward", 0.25))]
# ```
#
# give `{"loss": [(0, 2.0), (1, 1.5)], "reward": [(4, 0.25)]}`.


# %% nbgrader={"grade": false, "grade_id": "records", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scalars_of(records):
    """Return the scalars in a list of records.

    records : list of bytes, each a serialised Event

    Returns a dict from tag (a str) to a list of pairs (step, value), an int and a float.
    """
    ### BEGIN SOLUTION
    curves, plugins = {}, {}
    for record in records:
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
            if value.HasField("simple_value"):
                number = value.simple_value
            elif plugin == "scalars":
                number = float(tf.make_ndarray(value.tensor))
            else:
                continue
            curves.setdefault(value.tag, []).append((event.step, number))
    return curves
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_records", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
table = np.ones((3, 3))
few = [
    make_record(0, ("loss", 2.0, "scalars"), ("weights", table, "histograms")),
    make_record(1, ("loss", 1.5, ""), ("weights", table, "")),
    make_record(4, ("reward", 0.25)),
]
found = scalars_of(few)
assert isinstance(found, dict), "Return a dict."
assert "weights" not in found, "The tag 'weights' is a histogram, also where the name is left out."
assert set(found) == {"loss", "reward"}, f"The scalars are loss and reward, not {sorted(found)}."
assert list(map(tuple, found["loss"])) == [(0, 2.0), (1, 1.5)], "The curve of 'loss' is wrong."
assert list(map(tuple, found["reward"])) == [(4, 0.25)], "The curve of 'reward' is wrong."
### BEGIN HIDDEN TESTS
rng = submission_rng("records")
for _ in range(2):
    n = int(rng.integers(5, 9))
    steps = np.cumsum(rng.integers(1, 9, n))
    steps[n // 2 :] -= steps[n // 2] - steps[0]  # somebody started again
    numbers = np.float32(rng.normal(0, 5, (4, n)))
    numbers[0, 1], numbers[2, 2] = 0, 0
    hidden = [tf.compat.v1.Event(file_version="brain.Event:2").SerializeToString()]
    for place in range(n):
        first = place == 0
        values = [
            ("loss", numbers[0, place], "scalars" if first else ""),
            ("note", np.array(b"a word"), "text" if first else ""),
            ("named", numbers[1, place], "scalars"),
            ("old", float(numbers[2, place])),
            ("table", np.float64(rng.normal(size=(2, 3))), "histograms" if first else ""),
            ("count", np.float64(1), "histograms" if first else ""),
        ]
        order = rng.permutation(len(values))
        hidden.append(make_record(int(steps[place]), *[values[spot] for spot in order]))
        hidden.append(tf.compat.v1.Event(step=int(steps[place])).SerializeToString())
    hidden.append(make_record(7, ("late", numbers[3, 0])))
    found = scalars_of(hidden)
    assert not set(found) & {"note", "table", "count"}, (
        "Your dict holds something that is not a scalar. A histogram stays one where a later value "
        "of its tag does not name the plugin, and also if its array happens to be one number."
    )
    assert {"loss", "named"} <= set(found), "A scalar that TensorFlow 2 wrote is missing."
    assert set(found) == {"loss", "named", "old", "late"}, (
        "A scalar that was written as a simple_value is missing, or there is a tag of no scalar."
    )
    for row, tag in enumerate(["loss", "named", "old"]):
        curve = [tuple(pair) for pair in found[tag]]
        assert len(curve) == n, (
            "A curve has the wrong number of points: one for each record that has its tag, also "
            "where the plugin's name is left out and where the value is 0."
        )
        assert [step for step, _ in curve] == steps.tolist(), (
            "The steps of a curve are wrong: they stand in the order of the records, unsorted, "
            "and the first step need not be 0."
        )
        assert [value for _, value in curve] == numbers[row].tolist(), "A curve's values are wrong."
        assert all(isinstance(value, float) for _, value in curve), "The values should be floats."
    assert [tuple(pair) for pair in found["late"]] == [(7, float(numbers[3, 0]))], (
        "The curve of a tag that comes late is wrong."
    )
assert scalars_of([]) == {}, "Without records there are no curves: return an empty dict."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_attempt", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** A training crashed at step 3, was started again from its state at step 2, and went on to log
# into the same folder. The curve now has the steps 0, 1, 2, 3, 2, 3, 4. What was written last holds:
# steps 2 and 3 of the first attempt led nowhere.
#
# Write `last_attempt(curve)`. Read the pairs in order. Whenever a pair comes with step $t$, **drop
# every pair kept so far whose step is $t$ or more**, and then keep the new pair. Return the list of
# the pairs that are left. Their steps grow strictly, whatever the input.
#
# **By hand.** `[(0, 9.0), (1, 8.0), (2, 7.0), (3, 6.0), (2, 5.0), (3, 4.0), (4, 3.0)]` becomes
# `[(0, 9.0), (1, 8.0), (2, 5.0), (3, 4.0), (4, 3.0)]`. And `[(0, 9.0), (10, 8.0), (20, 7.0),
# (15, 6.0)]` becomes `[(0, 9.0), (10, 8.0), (15, 6.0)]`: that 20 was never reached again does not
# bring it back.


# %% nbgrader={"grade": false, "grade_id": "attempt", "locked": false, "schema_version": 3, "solution": true, "task": false}
def last_attempt(curve):
    """Drop what a restart made obsolete.

    curve : list of pairs (step, value) in the order in which they were written; not changed

    Returns a list of pairs with strictly growing steps.
    """
    ### BEGIN SOLUTION
    kept = []
    for step, value in curve:
        while kept and kept[-1][0] >= step:
            kept.pop()
        kept.append((step, value))
    return kept
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_attempt", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
crashed = [(0, 9.0), (1, 8.0), (2, 7.0), (3, 6.0), (2, 5.0), (3, 4.0), (4, 3.0)]
found = [tuple(pair) for pair in last_attempt(crashed)]
right = [(0, 9.0), (1, 8.0), (2, 5.0), (3, 4.0), (4, 3.0)]
assert found == right, f"The first example from the text gives {right}, not {found}."
assert len(crashed) == 7, "Your function changed the list that it was given."
found = [tuple(pair) for pair in last_attempt([(0, 9.0), (10, 8.0), (20, 7.0), (15, 6.0)])]
right = [(0, 9.0), (10, 8.0), (15, 6.0)]
assert found == right, f"The second example from the text gives {right}, not {found}."
### BEGIN HIDDEN TESTS
rng = submission_rng("attempt")
for restarts in (0, 1, 2, 4):
    steps = []
    for _ in range(restarts + 1):
        begin = int(rng.integers(0, steps[-1] + 1)) if steps else int(rng.integers(0, 5))
        steps += [begin, *(begin + np.cumsum(rng.integers(1, 6, 6))).tolist()]
    written = [(int(step), float(rng.normal())) for step in steps]
    kept = list(written)
    found = [tuple(pair) for pair in last_attempt(written)]
    # A pair survives if no later one has a step as small as its own.
    right = [
        pair for place, pair in enumerate(kept) if all(pair[0] < s for s, _ in kept[place + 1 :])
    ]
    assert written == kept, "Your function changed the list that it was given."
    if restarts == 0:
        assert found == right, "A curve without a restart should stay as it is."
    assert np.all(np.diff([step for step, _ in found]) > 0), (
        "The steps that you return do not grow strictly."
    )
    assert found == right, (
        f"With {restarts} restart(s) the pairs that are left are wrong. Every new pair drops all "
        "those kept so far that have its step or a larger one, and no others."
    )
assert [tuple(pair) for pair in last_attempt([(5, 1.0), (5, 2.0), (5, 3.0)])] == [(5, 3.0)], (
    "Of several pairs with the same step the last holds."
)
assert [tuple(pair) for pair in last_attempt([(8, 1.0), (9, 2.0), (0, 3.0)])] == [(0, 3.0)], (
    "A training that starts all over makes everything before it obsolete."
)
assert list(last_attempt([])) == [], "An empty curve stays empty."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_smooth", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 4: smoothing that respects the steps (2 points)
#
# TensorBoard's slider forgets a fixed share per *point*. After a restart, or where a run logs every
# step at first and every hundredth later, points are not evenly spaced, and the same slider smooths
# one part of the curve a hundred times as much as another. So let the weight halve per $h$ *steps*:
# with the steps $t_1<t_2<\dots$ and the values $v_1,v_2,\dots$,
#
# $$
# s_n=\frac{\sum_{i\le n,\;v_i\text{ finite}}2^{-(t_n-t_i)/h}\,v_i}
# {\sum_{i\le n,\;v_i\text{ finite}}2^{-(t_n-t_i)/h}} .
# $$
#
# Values that are not finite do not count, in neither sum, but there is an $s_n$ at their step all the
# same. Before the first finite value the sums are empty, and $s_n$ is `nan`.
#
# Write `smooth(steps, values, half_life)`. It returns an array of floats of the same length.
#
# **By hand.** Steps 0, 1, 3, values 8, 2, 4, $h=1$: $s_1=8$; $s_2=\frac{\frac12\cdot8+2}{\frac12+1}=4$;
# $s_3=\frac{\frac18\cdot8+\frac14\cdot2+4}{\frac18+\frac14+1}=4$.
#
# **A trap.** $2^{-t/h}$ for a step of a million is 0, and its inverse is infinite. So compute with
# *differences* of steps, as the formula does. (Even they fail after a thousand half-lives without a
# finite value; you need not provide for that.)


# %% nbgrader={"grade": false, "grade_id": "smooth", "locked": false, "schema_version": 3, "solution": true, "task": false}
def smooth(steps, values, half_life):
    """Return a curve's weighted mean of the past, whose weights halve every half_life steps.

    steps : array of n whole numbers, strictly growing
    values : array of n numbers, some perhaps not finite
    half_life : after how many steps a value counts half as much, a number > 0

    Returns an array of floats, shape (n,).
    """
    ### BEGIN SOLUTION
    smoothed = []
    for place, step in enumerate(steps):
        past = values[: place + 1]
        fine = np.isfinite(past)
        weights = 2.0 ** ((steps[: place + 1] - step) / half_life)
        total = weights[fine].sum()
        smoothed.append((weights * past)[fine].sum() / total if total else np.nan)
    return np.array(smoothed)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_smooth", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
found = np.asarray(smooth(np.array([0, 1, 3]), np.array([8.0, 2.0, 4.0]), 1.0), dtype=float)
assert found.shape == (3,), f"Three points stay three points; yours have shape {found.shape}."
assert np.allclose(found, [8, 4, 4]), f"The example from the text gives 8, 4, 4, not {found}."
found = np.asarray(smooth(np.array([5, 6]), np.array([np.nan, 3.0]), 2.0), dtype=float)
assert np.isnan(found[0]), "Before the first finite value the smoothed value is nan."
assert np.isclose(found[1], 3), "The first finite value stays what it is."
### BEGIN HIDDEN TESTS
rng = submission_rng("smooth")
for n, begin in [(6, 0), (12, 40), (25, 3_000_000)]:
    steps = begin + np.cumsum(rng.integers(1, 7, n))
    values = rng.normal(0, 3, n)
    half_life = rng.uniform(0.7, 6)
    kept = steps.copy(), values.copy()
    found = np.asarray(smooth(steps, values, half_life), dtype=float)
    assert np.array_equal(kept[0], steps), "Your function changed the steps."
    assert np.array_equal(kept[1], values), "Your function changed the values."
    assert found.shape == (n,), f"{n} points become an array of shape {found.shape}."
    assert np.all(np.isfinite(found)), (
        f"All values are finite and the steps begin at {begin}, yet a smoothed value is not finite."
    )
    gaps = np.tril(np.subtract.outer(steps, steps))
    weights = np.tril(np.exp(-np.log(2) * gaps / half_life))
    right = weights.dot(values) / weights.sum(axis=1)
    assert np.allclose(found, right, rtol=1e-9, atol=1e-9), (
        f"With steps from {begin} on, unevenly spaced, the smoothed values are wrong. The weight "
        "halves per half_life steps, and the weights of the present and the past add up to the "
        "divisor."
    )
    values[[0, 1, n // 2, -1]] = [np.nan, np.inf, -np.inf, np.nan]
    kept = values.copy()
    found = np.asarray(smooth(steps, values, half_life), dtype=float)
    assert np.array_equal(kept, values, equal_nan=True), "Your function changed the values."
    assert found.shape == (n,), "Values that are not finite must not shorten the curve."
    assert np.isnan(found[:2]).all(), "Before the first finite value the smoothed value is nan."
    fine = np.isfinite(values)
    right = weights[2:, fine].dot(values[fine]) / weights[2:, fine].sum(axis=1)
    assert np.allclose(found[2:], right, rtol=1e-9, atol=1e-9), (
        "Where some values are not finite the smoothed values are wrong. Such values count in "
        "neither sum, and at their own steps the finite ones before them still count."
    )
found = np.asarray(smooth(np.array([0, 2]), np.array([1, 4]), 1), dtype=float)
assert np.allclose(found, [1, 3.4]), "Whole numbers as values give another curve than floats."
assert np.shape(smooth(np.array([], dtype=int), np.array([]), 1.0)) == (0,), (
    "An empty curve becomes an empty array."
)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_decades", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 5: histograms (1 + 2 points)
#
# **(a)** A histogram with buckets of equal width shows gradients of $10^{-3}$ and of $10^{-9}$ in the
# same bucket, the one at zero: it cannot show that they vanish. Count by powers of ten instead.
#
# Write `decades(values, lowest, highest)` for whole numbers `lowest < highest`. With the *sizes*
# $|v|$ of the values (an array of any shape) it returns an array of whole numbers with
# `highest - lowest + 2` entries:
#
# | entry | counts the values with |
# | --- | --- |
# | the first | $\lvert v\rvert<10^{\text{lowest}}$, zeros among them |
# | the $k$-th after it, $k=1,2,\dots$ | $10^{\text{lowest}+k-1}\le\lvert v\rvert<10^{\text{lowest}+k}$ |
# | the last | $\lvert v\rvert\ge10^{\text{highest}}$, infinite ones among them, **and every `nan`** |
#
# So each value is counted once.
#
# **By hand.** `decades([0.0, 0.05, -0.5, 1.0, 20.0, nan], -1, 1)`: 0 and 0.05 are below $10^{-1}$;
# $-0.5$ lies in $[10^{-1},1)$; 1 in $[1,10)$; 20 and `nan` are in the last. The answer is
# `[2, 1, 1, 2]`.


# %% nbgrader={"grade": false, "grade_id": "decades", "locked": false, "schema_version": 3, "solution": true, "task": false}
def decades(values, lowest, highest):
    """Count values by the power of ten of their size.

    values : array or list of numbers, any shape
    lowest, highest : whole numbers, lowest < highest

    Returns an array of whole numbers, shape (highest - lowest + 2,).
    """
    ### BEGIN SOLUTION
    sizes = np.abs(values).ravel()
    edges = 10.0 ** np.arange(lowest, highest + 1)
    return np.bincount(np.searchsorted(edges, sizes, side="right"), minlength=len(edges) + 1)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_decades", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
found = np.asarray(decades(np.array([0.0, 0.05, -0.5, 1.0, 20.0, np.nan]), -1, 1))
assert found.shape == (4,), f"From -1 to 1 there are 4 entries; yours has shape {found.shape}."
assert np.array_equal(found, [2, 1, 1, 2]), f"The example gives 2, 1, 1, 2, not {found}."
### BEGIN HIDDEN TESTS
rng = submission_rng("decades")
for lowest, highest in [(-6, -1), (-9, 2), (0, 1), (-3, 3)]:
    places = rng.integers(lowest - 2, highest + 2, (5, 8))
    sizes = 10.0 ** (places + rng.uniform(0.05, 0.95, places.shape))
    values = sizes * rng.choice([-1, 1], places.shape)
    kept = values.copy()
    entries = np.clip(places - lowest + 1, 0, highest - lowest + 1)
    right = np.array([np.sum(entries == k) for k in range(highest - lowest + 2)])
    found = np.asarray(decades(values, lowest, highest))
    assert np.array_equal(kept, values), "Your function changed the values."
    assert found.shape == (highest - lowest + 2,), (
        f"From {lowest} to {highest} there are {highest - lowest + 2} entries; "
        f"yours has shape {found.shape}."
    )
    assert np.issubdtype(found.dtype, np.integer), "Counts are whole numbers."
    assert found.sum() == values.size, (
        "Each value of the array counts once, whatever its shape: your entries add up to another "
        "number."
    )
    assert np.array_equal(found, right), "Some values are counted in the wrong decade."
    odd = np.array([0.0, np.nan, np.inf, -np.inf, -0.0, np.nan, np.nan])
    found = np.asarray(decades(np.concatenate([values.ravel(), odd]), lowest, highest))
    right[0] += 2
    right[-1] += 5
    assert np.array_equal(found, right), (
        "Zeros belong to the first entry, infinite values and nan to the last."
    )
assert np.array_equal(decades(np.array([1, -10, 100, 99]), 0, 2), [0, 1, 2, 1]), (
    "A value that is exactly a power of ten belongs to the decade that begins there."
)
powers = [float(10**k) for k in range(16)]
assert np.array_equal(decades(np.array(powers), 0, 15), [0] + [1] * 16), (
    "Some power of ten is not in the decade that begins there. (A quotient of logarithms is rounded.)"
)
assert np.array_equal(decades(np.full(3, 1e-9), -3, 0), [3, 0, 0, 0, 0]), (
    "There is an entry for every decade, also for those after the largest value."
)
assert np.array_equal(decades(np.empty(0), -1, 1), [0, 0, 0, 0]), "Of no values there are 0 each."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_share", "locked": true, "schema_version": 3, "solution": false, "task": false}
# **(b)** What `tf.summary.histogram` writes is a table with one row per bucket and three columns: left
# edge $a$, right edge $b\ge a$, count $c$. The values themselves are gone. "How many of the weights
# lie between −0.01 and 0.01?" can then be answered only by a guess: that the values of a bucket are
# **spread evenly** over it.
#
# Write `share_between(buckets, low, high)` with `low <= high`, either of them perhaps infinite. It
# returns the share, between 0 and 1, of all values that lie in $[\text{low},\text{high}]$ by this
# guess, a float: a bucket counts with the part of its width that lies in the interval.
#
# - A bucket of width 0 ($a=b$, which TensorFlow writes when all values are equal) has all its values
#   at that point: they count fully if $\text{low}\le a\le\text{high}$, else not at all.
# - If the counts add up to 0, return 0.0.
#
# **By hand.** Buckets $[0,2]$ with 6 values and $[2,4]$ with 2; between 1 and 2.5 lie
# $\frac12\cdot6+\frac14\cdot2=3.5$ of the 8: the share is 0.4375.


# %% nbgrader={"grade": false, "grade_id": "share", "locked": false, "schema_version": 3, "solution": true, "task": false}
def share_between(buckets, low, high):
    """Estimate from a histogram which share of its values lies in [low, high].

    buckets : array of shape (k, 3): left edge, right edge, count
    low, high : the ends of the interval, low <= high, perhaps -inf or inf

    Returns a float from 0 to 1.
    """
    ### BEGIN SOLUTION
    inside = total = 0.0
    for left, right, count in buckets:
        if left == right:
            part = float(low <= left <= high)
        else:
            part = max(min(right, high) - max(left, low), 0.0) / (right - left)
        inside += part * count
        total += count
    return inside / total if total else 0.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_share", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
two = np.array([[0.0, 2.0, 6.0], [2.0, 4.0, 2.0]])
value = float(share_between(two, 1.0, 2.5))
assert np.isclose(value, 0.4375), f"The example from the text gives 0.4375, not {value:.6g}."
assert np.isclose(float(share_between(two, -np.inf, np.inf)), 1), "From -∞ to ∞ lies everything."
value = float(share_between(np.array([[5.0, 5.0, 0.0], [5.0, 5.0, 9.0]]), 4.0, 5.0))
assert np.isclose(value, 1), f"All nine values are 5, which lies in [4, 5]; you return {value}."
### BEGIN HIDDEN TESTS
rng = submission_rng("share")
for k in (1, 4, 30):
    edges = rng.normal(0, 3) + np.cumsum(rng.uniform(0.2, 2, k + 1))
    counts = rng.integers(1, 50, k).astype(float)
    counts[1:-1:3] = 0
    buckets = np.column_stack([edges[:-1], edges[1:], counts])
    kept = buckets.copy()
    # The share below x is piecewise linear between the edges: an oracle by interpolation.
    below = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    ends = rng.uniform(edges[0] - 1, edges[-1] + 1, (6, 2))
    ends[4], ends[5] = edges[0] - [2, 1], edges[-1] + [1, 2]
    for low, high in np.sort(ends, axis=1):
        value = float(share_between(buckets, low, high))
        assert np.array_equal(kept, buckets), "Your function changed the table."
        right = np.interp(high, edges, below) - np.interp(low, edges, below)
        assert np.isclose(value, right, rtol=1e-9, atol=1e-12), (
            f"With {k} bucket(s) the share is wrong. A bucket that lies partly in the interval "
            "counts in proportion, one outside counts nothing, and the interval may begin or end "
            "outside the histogram."
        )
    middle = rng.uniform(edges[0], edges[-1])
    right = np.interp(middle, edges, below)
    assert np.isclose(float(share_between(buckets, -np.inf, middle)), right, atol=1e-9), (
        "An interval from -∞ on gives a wrong share."
    )
    assert np.isclose(float(share_between(buckets, middle, np.inf)), 1 - right, atol=1e-9), (
        "An interval up to ∞ gives a wrong share."
    )
    assert np.isclose(float(share_between(buckets, middle, middle)), 0, atol=1e-9), (
        "An interval of width 0 inside a bucket of some width holds nothing, by the guess."
    )
point = float(rng.normal())
single = np.array([[point, point, 0.0], [point, point, 4.0], [point + 1, point + 2, 12.0]])
for low, high, right in [
    (point, point, 0.25),
    (point - 1, point, 0.25),
    (point, point + 0.5, 0.25),
    (point - 1, point + 1.5, 0.625),
    (point - 2, point - 1, 0),
    (point + 0.1, point + 0.9, 0),
]:
    value = float(share_between(single, low, high))
    assert np.isclose(value, right, atol=1e-9), (
        "With a bucket of width 0 among the buckets the share is wrong: its values count fully if "
        "their point lies in the interval, its ends included, and else not at all."
    )
nothing = float(share_between(np.zeros((3, 3)), -1.0, 1.0))
assert nothing == 0, "If the counts add up to 0, the share is 0."
whole = float(share_between(np.array([[0, 4, 1], [4, 5, 1]]), 1, 2))
assert np.isclose(whole, 0.125), "A table of whole numbers gives another share than one of floats."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_callback", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 6: how far do the weights move? (3 points)
#
# A loss that stands still can mean "arrived", or "the step is far too small". The weights know:
# compare how far they moved in an epoch with how large they were. A layer's *relative move* is
#
# $$
# r=\frac{\lVert w_{\text{now}}-w_{\text{before}}\rVert_2}{\lVert w_{\text{before}}\rVert_2},
# $$
#
# where $w$ holds **all trainable weights of the layer in one long vector** (kernel and bias
# together), now and one epoch before. Around $10^{-3}$ to $10^{-2}$ per epoch is a healthy late
# training; 1 is an earthquake, $10^{-7}$ a standstill.
#
# Write the Keras callback `MoveRecorder(folder)`. Keras calls its methods during `fit`, where
# `self.model` is the model:
#
# - `__init__(self, folder)`, which Python calls: first `super().__init__()`, then open the writer;
# - `on_train_begin(self, logs=None)`: remember the weights;
# - `on_epoch_end(self, epoch, logs=None)`: for each layer of `self.model.layers` that has trainable
#   weights (`layer.trainable_weights` is not empty), log $r$ as a scalar with the tag
#   `"move/" + layer.name` at the step `epoch`, into `folder`. Then remember the new weights: the next
#   epoch compares with them. One wants to watch while the training runs, so what an epoch logs must be
#   in the file when the method returns (the end of `with writer.as_default():` sees to that);
# - `on_train_end(self, logs=None)`: close the writer.
#
# Layers without trainable weights (a `ReLU`, a frozen layer) leave no tag. You may assume that no
# layer's weights are all zero. A layer's weights as an array: `weight.numpy()` for each `weight` of
# `layer.trainable_weights`.
#
# **By hand.** A layer with the kernel $(3,4)$ and the bias $0$ that moves to the kernel $(3,4)$ and
# the bias $0.5$ has $r=0.5/5=0.1$.


# %% nbgrader={"grade": false, "grade_id": "callback", "locked": false, "schema_version": 3, "solution": true, "task": false}
class MoveRecorder(keras.callbacks.Callback):
    """Logs after each epoch how far the weights of each layer moved, relative to their size.

    folder : str, the folder of the run
    """

    ### BEGIN SOLUTION
    def __init__(self, folder):
        super().__init__()
        self.writer = tf.summary.create_file_writer(folder)

    def _vectors(self):
        return {
            layer.name: np.concatenate([w.numpy().ravel() for w in layer.trainable_weights])
            for layer in self.model.layers
            if layer.trainable_weights
        }

    def on_train_begin(self, logs=None):
        self.before = self._vectors()

    def on_epoch_end(self, epoch, logs=None):
        now = self._vectors()
        with self.writer.as_default():
            for name, vector in now.items():
                move = np.linalg.norm(vector - self.before[name])
                tf.summary.scalar(f"move/{name}", move / np.linalg.norm(self.before[name]), epoch)
        self.before = now

    def on_train_end(self, logs=None):
        self.writer.close()

    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_callback", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
    folder = str(Path(place, "small"))
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="only")])
    net.set_weights([np.array([[3.0], [4.0]]), np.array([0.0])])
    recorder = MoveRecorder(folder)
    assert isinstance(recorder, keras.callbacks.Callback), "MoveRecorder is a Keras callback."
    recorder.set_model(net)
    recorder.on_train_begin()
    recorder.model.layers[0].set_weights([np.array([[3.0], [4.0]]), np.array([0.5])])
    recorder.on_epoch_end(0)
    written = {}
    for record in records_in(folder) if Path(folder).is_dir() else []:
        event = tf.compat.v1.Event.FromString(record)
        for value in event.summary.value:
            number = float(tf.make_ndarray(value.tensor))
            written.setdefault(value.tag, []).append((event.step, number))
    assert written, "After the first epoch there is no scalar in the folder."
    assert set(written) == {"move/only"}, f"The tag is 'move/only'; yours: {sorted(written)}."
    ((step, number),) = written["move/only"]
    assert step == 0, f"The first epoch is number 0; you logged at step {step}."
    assert np.isclose(number, 0.1), f"The example from the text moves by 0.1, not {number:.4g}."
    recorder.on_train_end()
    ### BEGIN HIDDEN TESTS
    rng = submission_rng("callback")
    width = int(rng.integers(3, 6))
    names = [f"layer{number}" for number in rng.permutation(90)[:3]]
    net = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(width, name=names[0]),
            keras.layers.ReLU(),
            keras.layers.Dense(width, name="frozen", trainable=False),
            keras.layers.BatchNormalization(name=names[1]),
            keras.layers.Dense(1, use_bias=False, name=names[2]),
        ]
    )
    # Kernel and bias; gain and shift, which are trained, and the mean and variance, which are not.
    places = {0: 2, 3: 2, 4: 1}
    sizes = {0: [(2, width), (width,)], 3: [(width,)] * 4, 4: [(width, 1)]}
    weights = {spot: [rng.uniform(0.5, 2, shape) for shape in sizes[spot]] for spot in places}
    for spot, arrays in weights.items():
        net.layers[spot].set_weights(arrays)
    folder = str(Path(place, "net"))
    recorder = MoveRecorder(folder)
    recorder.set_model(net)
    recorder.on_train_begin()
    right = {f"move/{name}": [] for name in names}
    for epoch in range(3):
        for (spot, trained), name in zip(places.items(), names, strict=True):
            moved = [array + rng.normal(0, 0.3, array.shape) for array in weights[spot]]
            recorder.model.layers[spot].set_weights(moved)
            old, new = (
                np.concatenate([np.ravel(array) for array in arrays[:trained]])
                for arrays in (weights[spot], moved)
            )
            right[f"move/{name}"].append((np.sum((new - old) ** 2) / np.sum(old**2)) ** 0.5)
            weights[spot] = moved
        recorder.on_epoch_end(epoch, {"loss": 1.0})
        written = {}
        for record in records_in(folder):
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars", (
                    "The folder holds something that is not a scalar."
                )
                number = float(tf.make_ndarray(value.tensor))
                written.setdefault(value.tag, []).append((event.step, number))
        assert written, "After an epoch there is no scalar in the folder."
        assert not set(written) - set(right), (
            "There is a tag of a layer without trainable weights, or one that is misspelt."
        )
        assert set(written) == set(right), "The tag of a layer with trainable weights is missing."
        for tag, points in written.items():
            assert [step for step, _ in points] == list(range(epoch + 1)), (
                "After each epoch a layer has one more point, whose step is that epoch, and it is "
                "in the file at once."
            )
            moves = [number for _, number in points]
            assert np.isclose(moves[0], right[tag][0], rtol=1e-3), (
                "The move in the first epoch is wrong. It is the norm of the change of all "
                "trainable weights of the layer together, divided by their norm before; what is "
                "not trained, such as the means of a BatchNormalization, does not count."
            )
            assert np.allclose(moves, right[tag], rtol=1e-3), (
                "The move in a later epoch is wrong: it compares with the weights one epoch before."
            )
    recorder.on_train_end()
    ### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "ask_ranking", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Question 7: the ranking of the runs (2 points)
#
# The morning has come. `runs` is a dict from each run's name to its *validation* curve, a list of
# pairs `(step, loss)` with growing steps. A run is judged by its **best** epoch, the one whose weights
# a good training keeps.
#
# Write `ranking(runs)`. It returns a list with one tuple `(name, step, loss, regret)` per run:
#
# - `step` and `loss` of the run's smallest **finite** loss, and of the first of them if several are
#   equally small;
# - `regret`, by how much the run's *last* loss exceeds its best: what over-training cost. It is `inf`
#   if the last loss is not finite.
#
# Runs without a finite loss are left out. The list is sorted: the smallest `loss` first; among equal
# losses the smaller `step` first (found with less work), and among equal steps by `name`.
#
# **By hand.** `{"a": [(0, 3.0), (1, 1.0), (2, 1.5)], "b": [(0, nan)], "c": [(0, 1.0), (1, inf)]}`
# gives `[("c", 0, 1.0, inf), ("a", 1, 1.0, 0.5)]`.


# %% nbgrader={"grade": false, "grade_id": "ranking", "locked": false, "schema_version": 3, "solution": true, "task": false}
def ranking(runs):
    """Rank runs by their best validation loss.

    runs : dict from name (a str) to a list of pairs (step, loss) with growing steps

    Returns a sorted list of tuples (name, step, loss, regret), best run first.
    """
    ### BEGIN SOLUTION
    table = []
    for name, curve in runs.items():
        finite = [(loss, step) for step, loss in curve if np.isfinite(loss)]
        if finite:
            loss, step = min(finite)
            last = curve[-1][1]
            regret = last - loss if np.isfinite(last) else np.inf
            table.append((name, step, loss, regret))
    return sorted(table, key=lambda row: (row[2], row[1], row[0]))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test_ranking", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
nan, inf = float("nan"), float("inf")
runs = {"a": [(0, 3.0), (1, 1.0), (2, 1.5)], "b": [(0, nan)], "c": [(0, 1.0), (1, inf)]}
found = [tuple(row) for row in ranking(runs)]
right = [("c", 0, 1.0, inf), ("a", 1, 1.0, 0.5)]
assert found == right, f"The example from the text gives {right}, not {found}."
### BEGIN HIDDEN TESTS
rng = submission_rng("ranking")
for _ in range(3):
    runs, right = {}, []
    for place, name in enumerate(rng.permutation([f"run{number}" for number in range(9)]).tolist()):
        n = int(rng.integers(6, 10))
        steps = np.cumsum(rng.integers(1, 9, n)).tolist()
        # Quarters are exact in floating point, so that ties are ties.
        losses = (rng.integers(9, 40, n) / 4).tolist()
        at = int(rng.integers(1, n - 2))
        # Runs 0 to 2 tie in their loss, runs 0 and 1 in their step as well.
        losses[at] = [1.0, 1.0, 1.0][place] if place < 3 else float(rng.integers(5, 8) / 4)
        if place < 3:
            shift = 50 + 7 * (place == 2) - steps[at]
            steps = [step + shift for step in steps]
        if place % 3 == 1:
            losses[0] = nan
        if place % 4 == 1:
            losses[-2] = -inf
        if place == 4:
            losses[-1] = inf
        if place == 5:
            losses[-1] = nan
        if place == 6:
            losses[at + 1] = losses[at]  # the first of two equal ones
        if place == 7:
            losses[-1] = losses[at] - 0.5  # the last is the best
            at = n - 1
        if place == 8:
            losses = [nan, inf, -inf, nan, inf, nan][:n] + [nan] * (n - 6)
        runs[name] = list(zip(steps, losses, strict=True))
        if place < 8:
            last = losses[-1]
            regret = last - losses[at] if abs(last) < inf else inf
            right.append((losses[at], steps[at], name, regret))
    runs["empty"] = []
    kept = {name: list(curve) for name, curve in runs.items()}
    found = [tuple(row) for row in ranking(runs)]
    assert str(kept) == str(runs), "Your function changed the dict or a curve in it."
    right = {name: (step, loss, regret) for loss, step, name, regret in sorted(right)}
    names = [row[0] for row in found]
    assert sorted(names) == sorted(right), (
        "The list does not hold each run that has a finite loss once, and no other (a run may have "
        "no losses at all)."
    )
    for name, step, loss, regret in found:
        assert loss == right[name][1], (
            "The best loss of a run is wrong: the smallest finite one (-inf is not finite)."
        )
        assert step == right[name][0], (
            "The step of a run's best loss is wrong: the first, if several are equally small, and "
            "the step, not the place in the list."
        )
        assert regret == right[name][2], (
            "A regret is wrong: the last loss minus the best, 0 if the last is the best, inf if "
            "the last is not finite."
        )
    assert names == list(right), (
        "Each run is right, their order is not: by loss, then by step, then by name."
    )
assert list(ranking({})) == [], "Without runs there is nothing to rank: return an empty list."
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "look", "locked": true, "schema_version": 3, "solution": false, "task": false}
# ## Look at what you built (no points)
#
# The cell below trains a small network three times with your tools, and reads everything back from
# the event files. Worth a look: which rate moves the weights by more than they weigh, what the decades
# of the weights say, and whether the ranking agrees with your eye. To see the same in TensorBoard,
# take a folder in your home instead of a temporary one; the lecture says how.

# %% nbgrader={"grade": false, "grade_id": "playground", "locked": false, "schema_version": 3, "solution": false, "task": false}
draws = np.random.default_rng(0)
moneyness = draws.uniform(-1, 1, (256, 1))
payoff = np.maximum(moneyness, 0) + draws.normal(0, 0.1, moneyness.shape)

with tempfile.TemporaryDirectory() as logs:
    validation = {}
    for rate in (0.001, 0.05, 1.5):
        keras.utils.set_random_seed(1)
        net = keras.Sequential(
            [
                keras.Input((1,)),
                keras.layers.Dense(16, "relu", name="hidden"),
                keras.layers.Dense(1),
            ]
        )
        net.compile(keras.optimizers.SGD(rate), "mse")
        run = fresh_folder(logs, f"rate={rate}")
        history = net.fit(
            moneyness,
            payoff,
            validation_split=0.25,
            epochs=15,
            verbose=0,
            callbacks=[MoveRecorder(run)],
        ).history
        log_curves(run, {key: np.array(curve) for key, curve in history.items()}, 0, 1)
        curves = {tag: last_attempt(curve) for tag, curve in scalars_of(records_in(run)).items()}
        validation[f"rate={rate}"] = curves.get("val_loss", [])
        steps, moves = np.array(curves["move/hidden"]).T
        plt.semilogy(steps, smooth(steps, moves, 2), label=f"rate {rate}")
        print(f"rate {rate}: decades of the weights", decades(net.get_weights()[0], -3, 1))
for row in ranking(validation):
    print(row)
plt.xlabel("epoch")
plt.ylabel("relative move of the hidden layer")
plt.legend()
plt.show()
