"""Event logs: what a training writes for TensorBoard, read back and summarised in code.

A *run* is a folder with one or more event files in it; its name is the path from the log directory
to it. An event file is a TFRecord file: a list of records, each framed by its length and two
checksums (TensorFlow, `tensorflow/core/lib/io/record_writer.h`). Each record is one `Event`
protocol buffer, which holds a step, a time, and any number of tagged values (TensorFlow,
`tensorflow/core/util/event.proto`). Steps are whole numbers without a unit (epochs, updates: what
the writer meant), times are seconds since 1970, values are what was logged.

What TensorBoard computes from them is here too: smoothing and the bands of *Distributions*.
Nothing in this module writes an event; `tf.summary` does. `claim` makes a folder.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

EVENT_FILES = "*.tfevents.*"
# The shares below which TensorBoard draws the edges of its bands: Φ(−∞), Φ(−1.5), Φ(−1), …, Φ(∞).
BAND_EDGES = np.array([0, 668, 1587, 3085, 5000, 6915, 8413, 9332, 10000]) / 10000

_HEADER, _FOOTER = 12, 4  # bytes: a length with its checksum before, a checksum after
_POLYNOMIAL = 0x82F63B78  # CRC-32C, Castagnoli's, with the bits reversed


def _table() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _table()


@dataclass(frozen=True, eq=False)
class Entry:
    """One tagged value of one event.

    `plugin` names the TensorBoard panel that shows it ("scalars", "histograms", "hparams", …),
    `content` what the plugin's own writer left beside the value, as bytes.
    """

    tag: str
    step: int
    wall_time: float
    plugin: str
    content: bytes
    value: Array


@dataclass(frozen=True, eq=False)
class Series:
    """The scalars of one tag in the order in which they were written; each array has shape (n,)."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    wall_times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def restarts(self) -> NDArray[np.int64]:
        """Positions at which the step did not grow: there somebody began to write a second time."""
        return np.flatnonzero(np.diff(self.steps) <= 0) + 1


@dataclass(frozen=True, eq=False)
class Histograms:
    """The histograms of one tag: `steps`, shape (n,), and for each step an array of buckets.

    `buckets[i]` has shape (k, 3) with columns left edge, right edge, count; the edges have the
    unit of what was logged.
    """

    steps: NDArray[np.int64]
    buckets: tuple[NDArray[np.float64], ...]


def claim(folder: str | Path) -> Path:
    """Make a folder for a new run; all event files of a folder are one run to TensorBoard.

    Parameters
    ----------
    folder : str or Path
        Where the run will write; it may exist.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is an event file in `folder` (not below it: a run may hold runs).
    """
    folder = Path(folder)
    if found := event_files(folder):
        raise FileExistsError(
            f"{folder} already holds {len(found)} event file(s), the first is {found[0].name}; "
            "give the new run a folder of its own, or remove the old one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find_runs(log_directory: str | Path) -> dict[str, Path]:
    """Return the folder of each run in ("." is its name) or below a log directory, by name.

    Parameters
    ----------
    log_directory : str or Path
        Searched with all folders below it.

    Returns
    -------
    dict of str to Path
        In alphabetical order of the folders.
    """
    root = Path(log_directory)
    folders = {path.parent for path in root.rglob(EVENT_FILES)}
    return {folder.relative_to(root).as_posix(): folder for folder in sorted(folders)}


def event_files(run: str | Path) -> list[Path]:
    """Return the event files in a run's folder, oldest first.

    Parameters
    ----------
    run : str or Path
        The folder; those below it are other runs.

    Returns
    -------
    list of Path
        Empty if there are none.
    """

    def age(path: Path) -> str:  # the name holds the second of its making, and later a count
        return re.sub(r"\d+", lambda number: number[0].zfill(20), path.name)

    return sorted(Path(run).glob(EVENT_FILES), key=age)


def records(path: str | Path) -> Iterator[bytes]:
    """Yield the records of one TFRecord file, in order.

    A last record that is not complete is left out: a training that runs, or was killed, leaves it.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    bytes
        The content of one record, without length and checksums.

    Raises
    ------
    ValueError
        If a checksum is wrong: the file is damaged, or no TFRecord file.
    """
    data, start = Path(path).read_bytes(), 0
    while len(data) - start >= _HEADER:
        _verify(data[start : start + 8], data[start + 8 : start + _HEADER], path, start)
        length = int.from_bytes(data[start : start + 8], "little")
        first, last = start + _HEADER, start + _HEADER + length
        if len(data) < last + _FOOTER:
            return
        _verify(data[first:last], data[last : last + _FOOTER], path, start)
        yield data[first:last]
        start = last + _FOOTER


def entries(run: str | Path, plugin: str | None = None) -> Iterator[Entry]:
    """Yield what was logged into a run's folder, oldest file first.

    Parameters
    ----------
    run : str or Path
        The folder; folders below it are other runs.
    plugin : str, optional
        Yield what this panel shows, and nothing else.

    Yields
    ------
    Entry
    """
    named: dict[str, tuple[str, bytes]] = {}  # only a tag's first value must say what it is
    for event in _events(run):
        for value in event.summary.value:
            said = value.metadata.plugin_data
            array, kind = np.empty(0), said.plugin_name  # hyper-parameters have no value
            if value.HasField("simple_value"):  # TensorFlow 1, and PyTorch today
                array, kind = np.asarray(value.simple_value), "scalars"
            elif value.HasField("tensor"):
                array = tf.make_ndarray(value.tensor)
            name, content = named.setdefault(value.tag, (kind, said.content))
            if plugin in (None, name):
                yield Entry(value.tag, event.step, event.wall_time, name, content, array)


def read_scalars(run: str | Path) -> dict[str, Series]:
    """Return every scalar of a run by its tag, none left out as TensorBoard does.

    Parameters
    ----------
    run : str or Path
        The run's folder.

    Returns
    -------
    dict of str to Series
    """
    found: dict[str, list[tuple[int, float, float]]] = {}
    for entry in entries(run, "scalars"):
        found.setdefault(entry.tag, []).append((entry.step, float(entry.value), entry.wall_time))
    columns = {tag: list(zip(*rows, strict=True)) for tag, rows in found.items()}
    return {
        tag: Series(
            np.array(steps, dtype=np.int64),
            np.array(values, dtype=np.float64),
            np.array(times, dtype=np.float64),
        )
        for tag, (steps, values, times) in columns.items()
    }


def read_histograms(run: str | Path) -> dict[str, Histograms]:
    """Return every histogram of a run by its tag.

    Parameters
    ----------
    run : str or Path
        The run's folder.

    Returns
    -------
    dict of str to Histograms
    """
    found: dict[str, list[Entry]] = {}
    for entry in entries(run, "histograms"):
        found.setdefault(entry.tag, []).append(entry)
    return {
        tag: Histograms(
            np.array([entry.step for entry in logged], dtype=np.int64),
            tuple(np.asarray(entry.value, dtype=np.float64) for entry in logged),
        )
        for tag, logged in found.items()
    }


def read_graphs(run: str | Path) -> list[Any]:
    """Return the graphs that were logged as such, one `GraphDef` each.

    Parameters
    ----------
    run : str or Path
        The run's folder.

    Returns
    -------
    list of tf.compat.v1.GraphDef
        Oldest first.
    """
    graphs = (event.graph_def for event in _events(run))
    return [tf.compat.v1.GraphDef.FromString(graph) for graph in graphs if graph]


def smoothed(values: ArrayLike, weight: float) -> Array:
    """Return what TensorBoard's slider *Smoothing* makes of a curve, shape (n,).

    With the values v₁, v₂, … the n-th smoothed value is Σᵢ wⁿ⁻ⁱvᵢ / Σᵢ wⁿ⁻ⁱ: the exponential moving
    average sₙ = w·sₙ₋₁ + (1 − w)·vₙ from s₀ = 0, divided by 1 − wⁿ to undo the pull of s₀ (Kingma
    and Ba, "Adam", ICLR 2015, §3). As in TensorBoard 2.21 (`classicSmoothing`), values that are
    not finite stay and do not count, and a curve that never changes is left alone.

    Parameters
    ----------
    values : array_like, shape (n,)
        In the order in which they are drawn.
    weight : float
        w, 0 ≤ w < 1; 0 changes nothing.

    Returns
    -------
    ndarray, shape (n,)
        A new array.

    Raises
    ------
    ValueError
        If `values` has more or fewer axes than one, or `weight` is out of range.
    """
    curve = np.array(values, dtype=np.float64)
    if curve.ndim != 1:
        raise ValueError(f"values has shape {curve.shape}; expected one axis: smooth tags singly")
    if not 0 <= weight < 1:
        raise ValueError(f"weight is {weight}; expected a number from 0 to below 1")
    if curve.size == 0 or (curve == curve[0]).all():
        return curve
    average, count = 0.0, 0
    for place in np.flatnonzero(np.isfinite(curve)):
        average, count = weight * average + (1 - weight) * curve[place], count + 1
        curve[place] = average / (1 - weight**count)
    return curve


def bands(buckets: ArrayLike) -> NDArray[np.float64]:
    """Return the nine edges of the bands that TensorBoard's *Distributions* draws of a histogram.

    Edge j is where a share `BAND_EDGES[j]` of the values lies below, those of a bucket taken as
    spread evenly over it; the first and last are the smallest and largest value. Normal values
    make bands half a standard deviation wide, hence the odd shares. Source: TensorBoard 2.21,
    `tensorboard/plugins/distribution/compressor.py`.

    Parameters
    ----------
    buckets : array_like, shape (k, 3)
        Columns left edge, right edge, count, from left to right, with at least one value.

    Returns
    -------
    ndarray, shape (9,)
        In the unit of what was logged, rising.

    Raises
    ------
    ValueError
        If the shape is not (k, 3), or no bucket holds a value.
    """
    table = np.asarray(buckets, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 3 or not table[:, 2].sum() > 0:
        raise ValueError(
            f"buckets has shape {table.shape}; expected (k, 3) with a count above 0: left, right, "
            "count"
        )
    table = table[table[:, 2] > 0]
    shares = np.concatenate([[0], np.cumsum(table[:, 2]) / table[:, 2].sum()])
    place = np.clip(np.searchsorted(shares, BAND_EDGES, side="right") - 1, 0, len(table) - 1)
    inside = (BAND_EDGES - shares[place]) / (shares[place + 1] - shares[place])
    return table[place, 0] + inside * (table[place, 1] - table[place, 0])


def read_profile(run: str | Path) -> dict[str, tuple[int, float]]:
    """Return how often each operation ran under the profiler, and for how many seconds in all.

    Reads the newest trace that `tf.profiler.experimental` or Keras' `profile_batch` left. Times
    include what an operation called or waited for: they add up to more than the clock shows.

    Parameters
    ----------
    run : str or Path
        The run's folder.

    Returns
    -------
    dict of str to (int, float)
        Number of times and seconds, by the operation's name.

    Raises
    ------
    FileNotFoundError
        If the run holds no trace.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    traces = sorted(Path(run).glob("plugins/profile/*/*.xplane.pb"))
    if not traces:
        raise FileNotFoundError(f"no trace in {run}/plugins/profile; profile a few steps into it")
    totals: dict[str, tuple[int, float]] = {}
    for plane in xplane_pb2.XSpace.FromString(traces[-1].read_bytes()).planes:
        for event in itertools.chain.from_iterable(line.events for line in plane.lines):
            name = plane.event_metadata[event.metadata_id].name
            count, seconds = totals.get(name, (0, 0.0))
            totals[name] = count + 1, seconds + event.duration_ps * 1e-12
    return totals


def _events(run: str | Path) -> Iterator[Any]:
    for path in event_files(run):
        yield from map(tf.compat.v1.Event.FromString, records(path))


def _verify(data: bytes, expected: bytes, path: str | Path, start: int) -> None:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF  # so that a CRC of CRCs differs
    if masked.to_bytes(4, "little") != expected:
        raise ValueError(
            f"{path} is damaged or no event file: the checksum at byte {start} is wrong; "
            "remove it, or copy it again"
        )
