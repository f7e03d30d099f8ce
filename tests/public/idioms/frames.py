# %% plain
import numpy as np
import pandas as pd

# %% answer stock_list
stock_list = pd.DataFrame(
    {
        "fruit": ["fig", "pear", "plum", "kiwi"],
        "boxes": [4, 9, 2, 7],
        "price": [2.5, 1.25, 3.0, 0.5],
    }
)
# %% test columns
assert list(stock_list.columns) == ["fruit", "boxes", "price"]
# %% test size
assert stock_list.shape == (4, 3) and len(stock_list) == 4 and stock_list.size == 12
# %% test is_frame
assert isinstance(stock_list, pd.DataFrame)
assert type(stock_list) is pd.DataFrame
# %% test dtypes
assert stock_list["boxes"].dtype == np.int64
assert pd.api.types.is_float_dtype(stock_list["price"])
# %% test sum_of_column
assert stock_list["boxes"].sum() == 22 and np.isclose(stock_list.price.mean(), 1.8125)
# %% test all_positive
assert (stock_list["price"] > 0).all() and not (stock_list["boxes"] > 9).any()
# %% test mask
assert len(stock_list[stock_list.boxes >= 7]) == 2
# %% test loc
assert stock_list.loc[1, "fruit"] == "pear" and stock_list.iloc[-1, 1] == 7
# %% test column_by_column
for name, most in {"boxes": 9, "price": 3.0}.items():
    assert stock_list[name].max() == most, name
# %% test same_frame
pd.testing.assert_frame_equal(
    stock_list,
    pd.DataFrame(
        {
            "fruit": ["fig", "pear", "plum", "kiwi"],
            "boxes": [4, 9, 2, 7],
            "price": [2.5, 1.25, 3.0, 0.5],
        }
    ),
)
# %% test equals_sorted
wanted = pd.DataFrame({"fruit": ["fig", "kiwi"], "boxes": [4, 7]})
got = stock_list.sort_values("fruit")[["fruit", "boxes"]].head(2).reset_index(drop=True)
assert got.equals(wanted)
# %% test to_numpy
np.testing.assert_allclose(stock_list[["boxes", "price"]].to_numpy()[0], [4, 2.5])
# %% test rows
assert [row.fruit for row in stock_list.itertuples() if row.boxes < 5] == ["fig", "plum"]
# %% test describe
assert stock_list.describe().loc["max", "price"] == 3.0
# %% test no_gaps
assert not stock_list.isna().any().any()


# %% answer tools
def value(frame):
    """Return a copy with what each row is worth."""
    return frame.assign(worth=frame["boxes"] * frame["price"])


def by_size(frame):
    big = np.where(frame["boxes"] > 5, "big", "small")
    return frame.groupby(big)["boxes"].sum()


def join(left, right):
    return left.merge(right, on="fruit", how="left")


def clean(frame):
    return frame.dropna().drop_duplicates().reset_index(drop=True)


def total(column):
    return float(column.sum())


# %% test given_frame
small = pd.DataFrame({"boxes": [2, 3], "price": [1.0, 2.0]})
assert value(small)["worth"].tolist() == [2.0, 6.0]
# %% test argument_is_kept
small = pd.DataFrame({"boxes": [2, 3], "price": [1.0, 2.0]})
value(small)
assert list(small.columns) == ["boxes", "price"]
# %% test series_equal
pd.testing.assert_series_equal(
    value(stock_list)["worth"], stock_list["boxes"] * stock_list["price"], check_names=False
)
# %% test grouped
sums = by_size(stock_list)
assert sums["big"] == 16 and sums.to_dict() == {"big": 16, "small": 6}
# %% test merged
ripe = pd.DataFrame({"fruit": ["fig", "kiwi"], "ripe": [True, False]})
both = join(stock_list, ripe)
assert both.loc[both.fruit == "fig", "ripe"].item() and both["ripe"].isna().sum() == 2
# %% test cleaned
dirty = pd.DataFrame({"k": [1.0, 1.0, np.nan, 2.0]})
assert clean(dirty).k.tolist() == [1.0, 2.0]
# %% test given_column
assert total(stock_list["boxes"]) == 22.0
assert total(pd.Series([0.5, 0.25])) == 0.75
# %% test hidden_inputs
assert "worth" in value(stock_list)
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(7)
other = pd.DataFrame({"boxes": rng.integers(1, 9, 20), "price": rng.random(20)})
assert np.allclose(value(other)["worth"], other["boxes"] * other["price"])
### END HIDDEN TESTS
# %% wrong half stock_list
stock_list = pd.DataFrame({"fruit": ["fig", "pear"], "boxes": [4, -9], "price": ["2.5", "1.25"]})


# %% wrong half tools
def value(frame):
    frame["worth"] = frame["price"]
    return frame


def by_size(frame):
    return frame["boxes"]


def join(left, right):
    return left


def clean(frame):
    return frame


def total(column):
    return 22.0


# %% wrong lists stock_list
stock_list = [["fig", 4, 2.5]]


# %% wrong lists tools
def value(frame):
    return None


def by_size(frame):
    return {"big": 16, "small": 0}


def join(left, right):
    return right


def clean(frame):
    return frame.fillna(0)


def total(column):
    return "22"
