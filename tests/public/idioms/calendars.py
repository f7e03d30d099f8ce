# %% plain
import datetime as dt
import numpy as np
import pandas as pd

# %% answer series
rain = pd.Series([0.0, 2.5, np.nan, 1.5], index=pd.date_range("2024-03-01", periods=4), name="mm")
sizes = pd.Categorical(["m", "s", "l", "s"], categories=["s", "m", "l"], ordered=True)
first = pd.Timestamp("2024-03-01 06:30")
stay = pd.Timedelta(days=2, hours=3)
quarter = pd.Period("2024Q1")
levels = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["row", "step"])
words = pd.Series(["Bee", "ant", "Cat"], dtype="string")
# %% test named
assert rain.name == "mm" and len(rain) == 4
# %% test date_index
assert isinstance(rain.index, pd.DatetimeIndex) and rain.index[0] == pd.Timestamp("2024-03-01")
# %% test label
assert rain["2024-03-02"] == 2.5
assert rain.loc["2024-03-02":"2024-03-03"].count() == 1
# %% test missing
assert rain.isna().sum() == 1 and pd.isna(rain.iloc[2])
# %% test allclose_nan
assert np.allclose(rain, [0.0, 2.5, np.nan, 1.5], equal_nan=True)
# %% test weekday
assert rain.index.day_name()[0] == "Friday"
# %% test codes
assert list(sizes.codes) == [1, 0, 2, 0] and list(sizes.categories) == ["s", "m", "l"]
# %% test ordered
assert sizes.ordered and sizes.max() == "l"
# %% test stamp_parts
assert (first.year, first.month, first.hour, first.minute) == (2024, 3, 6, 30)
# %% test stamp_equal
assert first == pd.Timestamp(2024, 3, 1, 6, 30) and first > pd.Timestamp("2024-02-29")
# %% test stamp_is_datetime
assert isinstance(first, dt.datetime) and first.date() == dt.date(2024, 3, 1)
# %% test delta
assert stay == pd.Timedelta("51h") and stay.days == 2 and stay.total_seconds() == 183600
# %% test stamp_arithmetic
assert first + stay == pd.Timestamp("2024-03-03 09:30")
# %% test period
assert quarter.year == 2024 and quarter.quarter == 1 and quarter + 1 == pd.Period("2024Q2")
# %% test multiindex
assert levels.nlevels == 2 and list(levels.names) == ["row", "step"] and ("b", 2) in levels
# %% test strings
assert words.str.lower().tolist() == ["bee", "ant", "cat"] and words.str.len().sum() == 9


# %% answer functions
def monthly(series):
    return series.groupby(series.index.month).sum()


def fill(series):
    return series.ffill()


def age(born, today):
    return (today - born).days // 365


def split(table):
    return table.pivot_table(index="who", columns="what", values="n", aggfunc="sum")


# %% test monthly_sum
two = pd.Series([1.0, 2.0, 4.0], index=pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-01"]))
assert monthly(two).tolist() == [3.0, 4.0] and list(monthly(two).index) == [1, 2]
# %% test filled
pd.testing.assert_series_equal(fill(pd.Series([1.0, np.nan, 3.0])), pd.Series([1.0, 1.0, 3.0]))
# %% test age_of_dates
assert age(dt.date(2000, 1, 1), dt.date(2024, 6, 1)) == 24
# %% test age_of_stamps
assert age(pd.Timestamp("1990-05-05"), pd.Timestamp("2020-05-05")) == 30
# %% test pivot
long = pd.DataFrame({"who": ["x", "x", "y"], "what": ["p", "q", "p"], "n": [1, 2, 3]})
wide = split(long)
assert wide.loc["x", "q"] == 2 and pd.isna(wide.loc["y", "q"]) and wide.index.name == "who"
# %% test range_index
assert isinstance(words.index, pd.RangeIndex) and words.index.equals(pd.RangeIndex(3))
# %% wrong text series
rain = pd.Series([0.0, 2.5, 0.0, 1.5], name="rain")
sizes = pd.Categorical(["m", "s", "l", "s"])
first = "2024-03-01 06:30"
stay = 51
quarter = "2024Q1"
levels = pd.Index(["a", "b"])
words = pd.Series(["Bee", "ant"])


# %% wrong text functions
def monthly(series):
    return series


def fill(series):
    return series.fillna(0)


def age(born, today):
    return today.year - born.year - 1


def split(table):
    return table
