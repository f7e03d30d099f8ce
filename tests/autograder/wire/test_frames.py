"""pandas' values arrive as pandas' own, to the bit; nothing comes of a forged one."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from autograder import wire
from autograder.wire import WireError, libraries
from tests.autograder.crossing import across, proxy, refuse

INDEXES = [
    pd.RangeIndex(5, name="r"),
    pd.Index([1, 2], dtype="uint8"),
    pd.Index(["a", None], name=("x", 1)),
    pd.Index([1.5, None]),
    pd.Index([True, False]),
    pd.Index(["a", 1]),
    pd.Index([]),
    pd.Index([1, None], dtype="Int64"),
    pd.date_range("2020", periods=3),
    pd.date_range("2020", periods=3, freq="B", tz="Europe/Oslo", name="day"),
    pd.to_datetime(["2020-01-01", None]),
    pd.timedelta_range("1D", periods=3),
    pd.period_range("2020Q1", periods=3, freq="Q"),
    pd.interval_range(0, 3, closed="left"),
    pd.interval_range(pd.Timestamp("2020"), periods=3),
    pd.CategoricalIndex(["a", "b", "a"], ordered=True),
    pd.MultiIndex.from_tuples([("a", 1), ("b", None)], names=["p", None]),
]
FRAMES = [
    pd.DataFrame(),
    pd.DataFrame(index=range(3)),
    pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
    pd.DataFrame({"x": range(4)}, index=pd.MultiIndex.from_product([["a", "b"], [1, 2]])),
    pd.DataFrame({("a", 1): [1], ("a", 2): [2]}),
    pd.DataFrame(
        {
            "integers": [1, 2],
            "texts": ["x", None],
            "words": pd.Series(["x", "y\0"], dtype=object),
            "odd": pd.Series([[1], {"a": None}], dtype=object),
            "NA": pd.Series(["x", None], dtype="string"),
            "dates": pd.to_datetime(["2020-01-01", None]),
            "zone": pd.date_range("2020", periods=2, tz="Europe/Oslo"),
            "spans": pd.to_timedelta([1, None], "s"),
            "floats": [1.5, np.nan],
            "small": np.array([1, 2], "f4"),
            "complex": [1 + 2j, 3],
            "truths": [True, False],
            "categories": pd.Categorical(["u", "v"], ["v", "u"], ordered=True),
            "Int8": pd.array([1, None], dtype="Int8"),
            "Float32": pd.array([1.5, None], dtype="Float32"),
            "boolean": pd.array([True, None]),
            "periods": pd.period_range("2020", periods=2, freq="M"),
            "intervals": pd.interval_range(0, 2),
        }
    ),
]
FRAMES[-1].attrs = {"unit": "m"}
SCALARS = [
    pd.Timestamp("2020-01-01 01:02:03.123456789"),
    pd.Timestamp("2020", tz="Europe/Oslo"),
    pd.Timedelta("1.5s"),
    pd.Period("2020Q1"),
    pd.Interval(0, 1, "both"),
    pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021")),
    pd.CategoricalDtype(),
    pd.CategoricalDtype(["a"], ordered=True),
    pd.Int64Dtype(),
    pd.StringDtype(),
    pd.PeriodDtype("M"),
    pd.DatetimeTZDtype(tz="UTC"),
]


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_a_frame_arrives_as_it_was(frame):
    arrived = across(frame)
    assert type(arrived) is pd.DataFrame
    pd.testing.assert_frame_equal(
        arrived, frame, check_column_type="exact", check_index_type="exact"
    )
    assert arrived.attrs == frame.attrs
    for mine, theirs in zip(arrived.dtypes, frame.dtypes, strict=True):
        assert (type(mine), mine) == (type(theirs), theirs)


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_an_index_a_series_and_an_array_arrive_as_they_were(index):
    arrived = across(index)
    pd.testing.assert_index_equal(arrived, index, exact=True)
    assert getattr(arrived, "freq", None) == getattr(index, "freq", None)
    series = pd.Series(range(len(index)), index=index, name="n")
    pd.testing.assert_series_equal(across(series), series)
    if index.nlevels == 1:
        assert type(across(index.array)) is type(index.array)
        pd.testing.assert_extension_array_equal(across(index.array), index.array)


@pytest.mark.parametrize("value", SCALARS, ids=repr)
def test_a_scalar_or_type_arrives_as_it_was(value):
    arrived = across(value)
    assert (type(arrived), arrived, repr(arrived)) == (type(value), value, repr(value))


def test_what_is_missing_arrives_as_the_same_object():
    assert across(pd.NA) is pd.NA
    assert across(pd.NaT) is pd.NaT


def test_a_frame_whose_labels_are_unique_keeps_that():
    frame = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    assert not across(frame).flags.allows_duplicate_labels


def test_a_subclass_arrives_as_pandas_own():
    class Liar(pd.DataFrame):
        def equals(self, other):
            return True

        @property
        def _constructor(self):
            return Liar

    class Series(pd.Series):
        def all(self):
            return True

    assert type(across(Liar({"a": [1]}))) is pd.DataFrame
    assert type(across(Series([False]))) is pd.Series


@pytest.mark.parametrize(
    "value", [pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), pd.arrays.SparseArray([0, 1])]
)
def test_a_column_of_no_carried_type_leaves_its_frame_a_proxy(value):
    assert across(value, proxy, dict.copy) == {"proxy": type(value).__name__}


def test_a_frame_that_holds_itself_is_refused():
    frame = pd.DataFrame({"a": pd.Series([None], dtype=object)})
    frame.iat[0, 0] = frame
    with pytest.raises(WireError, match="contains itself"):
        wire.encode(frame, refuse)


def test_larger_tables_than_may_be_are_refused_in_words():
    with pytest.raises(WireError, match=r"256\.0 MB can"):
        wire.encode(pd.DataFrame({"a": np.broadcast_to(np.zeros(1), 40_000_000)}), refuse)
    with pytest.raises(WireError, match="10,000 columns"):
        wire.encode(pd.DataFrame(np.zeros((1, 10_001))), refuse)


@pytest.mark.parametrize(
    ("original", "change"),
    [
        (pd.DataFrame({"a": [1, 2]}), lambda frame: frame.insert(0, "b", ["x", "y"])),
        (pd.DataFrame({"a": [1, 2]}), lambda frame: frame.drop(index=0, inplace=True)),
        (pd.Series([1, 2], name="n"), lambda series: series.update([5.0])),
    ],
)
def test_a_change_in_place_is_made_to_the_original(original, change):
    theirs = across([original])
    assert wire.mutables([original])[1] is original
    before = wire.content(theirs[0])
    assert before == wire.content(original)
    change(theirs[0])
    assert before != wire.content(theirs[0])
    wire.rewrite(original, across(theirs[0]))
    assert wire.content(original) == wire.content(theirs[0])


NUMBERS = ["numbers", "<i8", 0]
RANGE = ["range index", 0, 1, 1, None]
WORDS = ["words", ["texts", 0, 1, 0]]
ONE = (1).to_bytes(8, "little")


@pytest.mark.parametrize(
    ("tree", "blobs"),
    [
        # lengths that differ
        (["frame", ["range index", 0, 2, 1, None], RANGE, ["dict"], True, NUMBERS], [ONE]),
        (["frame", RANGE, RANGE, ["dict"], True], []),
        (["series", RANGE, None, ["dict"], True, NUMBERS], [ONE * 2]),
        (["series", RANGE, None, ["dict"], True, ["numbers", "<i8", 0]], [ONE[:7]]),
        (["pd array", ["masked", NUMBERS, ["numbers", "|b1", 1], "Int64"]], [ONE, b"\0\0"]),
        (["pd array", ["words", ["texts", 0, 3, 0]]], [b"a\0b"]),
        (["pd array", ["words", ["texts", 0, 0, 0]]], [b"a"]),
        # sizes that nobody has
        (["range index", 0, 10**12, 1, None], []),
        (["range index", 0, 2**70, 1, None], []),
        (["pd array", ["words", ["texts", 0, 10**9, 0]]], [b"a"]),
        (["frame", RANGE, RANGE, ["dict"], True, *[NUMBERS] * 10_001], [ONE]),
        (["multi index", 10**9, None, RANGE, NUMBERS], [ONE]),
        # types that are no such thing
        (["pd array", ["numbers", "|O", 0]], [ONE]),
        (["pd array", ["numbers", "<U2", 0]], [ONE]),
        (["pd array", ["masked", NUMBERS, ["numbers", "|b1", 1], "Float64"]], [ONE, b"\0"]),
        (["pd array", ["masked", NUMBERS, ["numbers", "|b1", 1], "Period"]], [ONE, b"\0"]),
        (["pd array", ["strings", ["texts", 0, 1, 0], NUMBERS, "os", "NA"]], [b"", ONE]),
        (["pd array", ["moments", NUMBERS, None]], [ONE]),
        (["pd array", ["moments", ["numbers", "<M8[ns]", 0], "Oslo"]], [ONE]),
        (["pd array", ["no such column"]], []),
        (["index", None, "D", NUMBERS], [ONE]),
        (["index", None, "__import__('os')", ["numbers", "<M8[s]", 0]], [ONE]),
        (["series", ["list"], None, ["dict"], True, NUMBERS], [ONE]),
        (["series", RANGE, ["list"], ["dict"], True, NUMBERS], [ONE]),
        (["series", RANGE, None, ["list"], True, NUMBERS], [ONE]),
        (["timestamp", 5, None], []),
        (["timestamp", ["scalar", "<M8[Y]", ONE[::-1].hex()], None], []),
        (["period", 2**64, "D"], []),
        (["period", 1, "nothing"], []),
        (["interval", "a", "b", "left"], []),
        (["interval", 2, 1, "left"], []),
        (["zone", "../../etc/passwd"], []),
        # parts that disagree
        (["pd array", ["categories", NUMBERS, RANGE, False]], [ONE]),
        (["pd array", ["categories", NUMBERS, RANGE, 0]], [ONE]),
        (["multi index", 1, None, RANGE, NUMBERS], [ONE]),
        (["pd array", ["intervals", ["range index", 1, 2, 1, None], RANGE, "left"]], []),
        (["pd dtype", NUMBERS], [ONE]),
        # labels that NumPy would take for an address in memory
        (["index", None, None, ["words", ["texts", 0, 1, 0]]], [b"__array_interface__"]),
        (["index", None, None, ["objects", "__array_struct__", 1]], []),
        # cycles
        (["series", ["same", 0], None, ["dict"], True, NUMBERS], [ONE]),
        (["series", RANGE, None, ["dict"], True, ["objects", ["same", 0]]], []),
        (["index", None, None, ["categories", NUMBERS, ["same", 0], False]], [ONE]),
    ],
    ids=lambda part: repr(part)[:60],
)
def test_a_forgery_is_refused(tree, blobs):
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match=r"could not be read|cannot be passed"):
            wire.decode(tree, [bytearray(blob) for blob in blobs], refuse)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_columns_within_columns_end_somewhere():
    tree = RANGE
    for number in range(100):
        tree = ["index", None, None, ["categories", ["numbers", "<i8", number], tree, False]]
    with pytest.raises(WireError, match="64 levels"):
        wire.decode(tree, [bytearray(ONE) for _ in range(100)], refuse)


def test_no_other_library_is_imported():
    with pytest.raises(WireError, match="no library whose values cross"):
        libraries.library("antigravity")
