"""Oracles: TensorFlow's own reader and writer, TensorBoard's own code, closed forms."""

import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.distribution.compressor import compress_histogram
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.hparams import plugin_data_pb2

from course import event_logs


def log(folder, **curves):
    """Log each curve, a list of (step, value), as a scalar, through TensorFlow."""
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for tag, points in curves.items():
            for step, value in points:
                tf.summary.scalar(tag, value, step=step)
    writer.close()


def only_file(folder):
    (path,) = folder.glob(event_logs.EVENT_FILES)
    return path


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[], [0], [1, 0, 3000], [7] * 20])
def test_records_are_those_that_tensorflow_wrote_and_reads(tmp_path, sizes):
    rng = np.random.default_rng(len(sizes))
    written = [rng.bytes(size) for size in sizes]
    with tf.io.TFRecordWriter(str(tmp_path / "file")) as writer:
        for record in written:
            writer.write(record)
    assert list(event_logs.records(tmp_path / "file")) == written
    theirs = tf.data.TFRecordDataset(str(tmp_path / "file")).as_numpy_iterator()
    assert list(theirs) == written


def test_a_file_that_ends_early_gives_what_is_complete(tmp_path):
    log(tmp_path / "run", loss=[(0, 1.0), (1, 0.5)])
    path = only_file(tmp_path / "run")
    whole = path.read_bytes()
    complete = list(event_logs.records(path))
    for missing in range(1, len(complete[-1]) + 17):
        path.write_bytes(whole[:-missing])
        assert list(event_logs.records(path)) == complete[:-1]


@pytest.mark.parametrize("place", [0, 8, 12, 20, -1])
def test_a_changed_byte_is_noticed(tmp_path, place):
    with tf.io.TFRecordWriter(str(tmp_path / "file")) as writer:
        writer.write(b"a record of some bytes")
    data = bytearray((tmp_path / "file").read_bytes())
    data[place] ^= 4
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        list(event_logs.records(tmp_path / "file"))


def test_a_text_file_is_no_event_file(tmp_path):
    (tmp_path / "notes").write_text("a few words about the training")
    with pytest.raises(ValueError, match="no event file"):
        list(event_logs.records(tmp_path / "notes"))


def test_claim_makes_a_folder_once(tmp_path):
    folder = event_logs.claim(tmp_path / "deep" / "run")
    assert folder.is_dir()
    assert event_logs.claim(str(folder)) == folder, "an empty folder can be claimed again"
    log(folder, loss=[(0, 1.0)])
    with pytest.raises(FileExistsError, match="already holds 1 event file"):
        event_logs.claim(folder)
    assert event_logs.claim(folder.parent) == folder.parent, "a run below is no run in it"


def test_files_of_one_second_are_ordered_by_their_count(tmp_path):
    names = [f"events.out.tfevents.17.host.5.{count}.v2" for count in (9, 10, 100)]
    for name in reversed(["events.out.tfevents.9.host.5.500.v2", *names]):
        (tmp_path / name).touch()
    assert [path.name for path in event_logs.event_files(tmp_path)][1:] == names


def test_runs_are_named_by_their_path(tmp_path):
    for name in (".", "b/train", "b/validation", "a"):
        log(tmp_path / name, loss=[(0, 1.0)])
    (tmp_path / "empty").mkdir()
    found = event_logs.find_runs(tmp_path)
    assert list(found) == [".", "a", "b/train", "b/validation"]
    assert found["b/train"] == tmp_path / "b" / "train"


# --- scalars -----------------------------------------------------------------------------------


def test_scalars_come_back_as_event_accumulator_finds_them(tmp_path):
    rng = np.random.default_rng(1)
    curves = {
        "loss": list(zip(range(0, 60, 2), rng.normal(size=30), strict=True)),
        "norm/kernel": [(5, np.inf), (2**40, -1.5)],
    }
    log(tmp_path, **curves)
    found = event_logs.read_scalars(tmp_path)
    theirs = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    theirs.Reload()
    assert set(found) == set(curves) == set(theirs.Tags()["tensors"])
    for tag, points in curves.items():
        series = found[tag]
        assert len(series) == len(points)
        assert series.steps.tolist() == [step for step, _ in points]
        np.testing.assert_array_equal(series.values, np.float32([value for _, value in points]))
        events = theirs.Tensors(tag)
        assert series.wall_times.tolist() == [event.wall_time for event in events]
        numbers = [tf.make_ndarray(event.tensor_proto) for event in events]
        np.testing.assert_array_equal(series.values, numbers)


def test_nothing_is_left_out_where_event_accumulator_keeps_ten(tmp_path):
    log(tmp_path, loss=[(step, 1.0) for step in range(2500)])
    theirs = EventAccumulator(str(tmp_path))
    theirs.Reload()
    assert len(theirs.Tensors("loss")) == 10
    assert len(event_logs.read_scalars(tmp_path)["loss"]) == 2500


def test_scalars_of_tensorflow_1_and_pytorch_are_read(tmp_path):
    Event, Summary = tf.compat.v1.Event, tf.compat.v1.Summary
    with tf.io.TFRecordWriter(str(tmp_path / "events.out.tfevents.1.host")) as writer:
        writer.write(Event(file_version="brain.Event:2").SerializeToString())
        value = Summary.Value(tag="loss", simple_value=0.25)
        writer.write(Event(step=3, summary=Summary(value=[value])).SerializeToString())
    series = event_logs.read_scalars(tmp_path)["loss"]
    assert (series.steps.tolist(), series.values.tolist()) == ([3], [0.25])


def test_only_the_first_value_of_a_tag_needs_to_name_its_plugin(tmp_path):
    log(tmp_path / "a", loss=[(0, 1.0), (1, 2.0)])
    events = [
        tf.compat.v1.Event.FromString(record)
        for record in event_logs.records(only_file(tmp_path / "a"))
    ]
    events[-1].summary.value[0].ClearField("metadata")
    (tmp_path / "b").mkdir()
    with tf.io.TFRecordWriter(str(tmp_path / "b" / "events.out.tfevents.1.host")) as writer:
        for event in events:
            writer.write(event.SerializeToString())
    assert event_logs.read_scalars(tmp_path / "b")["loss"].values.tolist() == [1, 2]


def test_two_trainings_in_one_folder_show_as_a_restart(tmp_path):
    log(tmp_path, loss=[(0, 5.0), (1, 4.0), (2, 3.0)])
    log(tmp_path, loss=[(0, 9.0), (1, 8.0)])
    series = event_logs.read_scalars(tmp_path)["loss"]
    assert series.steps.tolist() == [0, 1, 2, 0, 1], "the older file comes first"
    assert series.restarts.tolist() == [3]


@pytest.mark.parametrize(
    ("steps", "restarts"), [([], []), ([4], []), ([1, 2, 9], []), ([1, 1, 2, 0, 0], [1, 3, 4])]
)
def test_a_restart_is_where_the_step_does_not_grow(steps, restarts):
    series = event_logs.Series(np.array(steps), np.zeros(len(steps)), np.zeros(len(steps)))
    assert series.restarts.tolist() == restarts


# --- what else a run holds -----------------------------------------------------------------------


def test_keras_leaves_scalars_histograms_and_the_graph(tmp_path):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(3, name="hidden"), keras.layers.Dense(1, name="output")]
    model = keras.Sequential([keras.Input((2,)), *layers], name="net")
    model.compile("sgd", "mse")
    X = np.random.default_rng(0).normal(size=(8, 2))
    callback = keras.callbacks.TensorBoard(str(tmp_path), histogram_freq=1)
    history = model.fit(X, X.sum(axis=1), epochs=3, verbose=0, callbacks=[callback]).history
    runs = event_logs.find_runs(tmp_path)
    assert list(runs) == ["train"]
    scalars = event_logs.read_scalars(runs["train"])
    assert scalars["epoch_loss"].steps.tolist() == [0, 1, 2]
    np.testing.assert_allclose(scalars["epoch_loss"].values, history["loss"], rtol=1e-6)

    histograms = event_logs.read_histograms(runs["train"])["net/hidden/kernel/histogram"]
    assert histograms.steps.tolist() == [0, 1, 2]
    kernel = model.layers[0].kernel.numpy()
    assert histograms.buckets[-1][:, 2].sum() == kernel.size
    assert histograms.buckets[-1][0, 0] == pytest.approx(kernel.min())
    assert histograms.buckets[-1][-1, 1] == pytest.approx(kernel.max())

    (graph,) = event_logs.entries(runs["train"], "graph_keras_model")
    layers = json.loads(graph.value.item())["config"]["layers"]
    assert [layer["config"]["name"] for layer in layers[1:]] == ["hidden", "output"]


def test_graphs_are_those_that_were_traced(tmp_path):
    @tf.function
    def square(x):
        return tf.square(x, name="the_square")

    graph = square.get_concrete_function(tf.TensorSpec([], tf.float64)).graph
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        tf.summary.graph(graph)
    writer.close()
    (found,) = event_logs.read_graphs(tmp_path)
    assert found == graph.as_graph_def(add_shapes=True)


def test_hyper_parameters_are_content_without_a_value(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        hp.hparams({"rate": 0.5, "units": 8})
    writer.close()
    (entry,) = event_logs.entries(tmp_path, "hparams")
    said = plugin_data_pb2.HParamsPluginData.FromString(entry.content).session_start_info.hparams
    assert {name: value.number_value for name, value in said.items()} == {"rate": 0.5, "units": 8}
    assert event_logs.read_scalars(tmp_path) == {}


@pytest.mark.slow
def test_a_profile_counts_the_operations_that_ran(tmp_path):
    @tf.function
    def product(x):
        return tf.matmul(x, x)

    x = tf.ones((200, 200))
    product(x)
    with tf.profiler.experimental.Profile(str(tmp_path)):
        for _ in range(5):
            product(x)
    found = event_logs.read_profile(tmp_path)
    counts = [count for name, (count, _) in found.items() if "MatMul" in name]
    assert 5 in counts
    assert all(seconds >= 0 for _, seconds in found.values())


def test_a_run_without_a_profile_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no trace"):
        event_logs.read_profile(tmp_path)


# --- smoothing and bands ------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0, 0.3, 0.9, 0.999])
def test_smoothing_is_the_weighted_mean_of_the_past(weight):
    values = np.random.default_rng(2).normal(3, 1, 40)
    smooth = event_logs.smoothed(values, weight)
    for n in range(1, 41):
        weights = weight ** np.arange(n - 1.0, -1, -1)
        assert smooth[n - 1] == pytest.approx(np.average(values[:n], weights=weights), rel=1e-10)


def test_smoothing_steps_over_what_is_not_finite():
    values = np.array([1.0, np.nan, 2.0, np.inf, 4.0])
    smooth = event_logs.smoothed(values, 0.5)
    np.testing.assert_array_equal(smooth[[1, 3]], values[[1, 3]])
    np.testing.assert_allclose(smooth[[0, 2, 4]], event_logs.smoothed([1.0, 2.0, 4.0], 0.5))
    assert np.isnan(values[1]), "the argument stays as it was"


def test_smoothing_leaves_a_constant_to_the_last_bit():
    values = np.full(50, 0.1)
    np.testing.assert_array_equal(event_logs.smoothed(values, 0.7), values)
    assert event_logs.smoothed([], 0.7).shape == (0,)


@pytest.mark.parametrize(
    ("values", "weight", "complaint"),
    [([[1.0]], 0.5, "one axis"), ([1.0], 1.0, "below 1"), ([1.0], -0.1, "from 0")],
)
def test_smoothing_refuses_what_it_cannot_mean(values, weight, complaint):
    with pytest.raises(ValueError, match=complaint):
        event_logs.smoothed(values, weight)


@pytest.mark.parametrize("seed", range(20))
def test_bands_are_those_of_tensorboard(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, 12).astype(float)
    counts[[0, -1]] = 1 + rng.integers(0, 3, 2)
    edges = np.cumsum(rng.uniform(0.1, 1, 13)) - 3
    buckets = np.column_stack([edges[:-1], edges[1:], counts])
    theirs = [value for _, value in compress_histogram(buckets)]
    np.testing.assert_allclose(event_logs.bands(buckets), theirs, rtol=1e-9, atol=1e-12)


def test_bands_of_normal_values_are_half_a_standard_deviation_wide(tmp_path):
    values = np.random.default_rng(3).normal(10, 2, 400_000)
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        tf.summary.histogram("weights", values, step=0, buckets=200)
    writer.close()
    histograms = event_logs.read_histograms(tmp_path)["weights"]
    edges = event_logs.bands(histograms.buckets[0])
    np.testing.assert_allclose(edges[1:-1], 10 + 2 * np.arange(-1.5, 2, 0.5), atol=0.03)
    assert (edges[0], edges[-1]) == pytest.approx((values.min(), values.max()))


def test_bands_of_one_value_are_one_line():
    buckets = np.array([[2.0, 2, 0], [2, 2, 0], [2, 2, 5]])
    np.testing.assert_array_equal(event_logs.bands(buckets), np.full(9, 2.0))


@pytest.mark.parametrize(
    "buckets", [np.zeros((3, 3)), np.ones((3, 2)), np.ones(3), np.ones((0, 3))]
)
def test_bands_of_nothing_are_refused(buckets):
    with pytest.raises(ValueError, match="expected"):
        event_logs.bands(buckets)


def test_histograms_of_one_tag_are_in_the_order_of_their_steps(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step, tag in itertools.product(range(3), ("a", "b")):
            tf.summary.histogram(tag, np.full(4, step + (tag == "b") * 10.0), step=step, buckets=2)
    writer.close()
    found = event_logs.read_histograms(tmp_path)
    assert [table[0, 0] for table in found["a"].buckets] == [0, 1, 2]
    assert [table[0, 0] for table in found["b"].buckets] == [10, 11, 12]
    assert found["a"].buckets[0].shape == (2, 3)
