"""Tests of tables earn in two processes what they earn in one."""

import pytest

from autograder.model import Verdict
from tests.autograder.building import asserts, solution

pytestmark = pytest.mark.sandbox
PASS, FAIL = Verdict.PASS, Verdict.FAIL

STUDENT = """
import numpy as np
import pandas as pd
df = pd.DataFrame({"city": ["Bern", "Basel", "Chur"], "temp": [10.5, 12.0, 8.25], "n": [1, 2, 3]})
when = pd.to_datetime(["2020-01-31", None])
def by_city(frame):
    return frame.groupby("city")["temp"].mean()
def add_f(frame):
    out = frame.copy()
    out["f"] = out["temp"] * 9 / 5 + 32
    return out
def drop_missing(frame):
    frame.dropna(inplace=True)
def spoil(frame):
    frame["temp"] = 0.0
    return 0.0
class Liar(pd.DataFrame):
    def equals(self, other): return True
    def __eq__(self, other): return True
    @property
    def shape(self): return (3, 3)
liar = Liar({"city": ["Bern"]})
class Answer:
    def __eq__(self, other): return True
    __hash__ = None
odd = pd.Series([Answer(), Answer()], dtype=object)
"""
FRAME = (
    "pd.DataFrame({'city': ['Bern', 'Basel', 'Chur'], 'temp': [10.5, 12.0, 8.25], 'n': [1, 2, 3]})"
)
RIGHT = {
    "shape": "assert df.shape == (3, 3) and len(df) == 3 and isinstance(df, pd.DataFrame)",
    "sums": "assert df['n'].sum() == 6 and np.isclose(df['temp'].mean(), 10.25)",
    "all": "assert (df['n'] > 0).all() and len(df[df['temp'] > 9]) == 2",
    "equals": f"assert df.equals({FRAME})",
    "frame_equal": f"pd.testing.assert_frame_equal(df, {FRAME})",
    "allclose": "assert np.allclose(df['temp'], [10.5, 12.0, 8.25])",
    "give": (
        "out = by_city(pd.DataFrame({'city': ['A', 'A', 'B'], 'temp': [1.0, 3.0, 5.0]}))\n"
        "assert out['A'] == 2.0 and out['B'] == 5.0"
    ),
    "dtypes": "assert df['temp'].dtype == float and df.dtypes['n'] == 'int64'",
    "columns": "assert (df.columns == ['city', 'temp', 'n']).all() and 'n' in df",
    "hidden": (
        "### BEGIN HIDDEN TESTS\nr = add_f(df)\n"
        "pd.testing.assert_series_equal(r['f'], df['temp'] * 9 / 5 + 32, check_names=False)\n"
        "### END HIDDEN TESTS"
    ),
    "moments": (
        "assert when[0] == pd.Timestamp('2020-01-31') and when[1] is pd.NaT and when.isna()[1]"
    ),
    "in_place": (
        "frame = pd.DataFrame({'a': [1.0, None]})\ndrop_missing(frame)\nassert len(frame) == 1"
    ),
}
WRONG = {
    "lying": f"assert liar.equals({FRAME}) or (liar == {FRAME}).all().all()",
    "shaped": "assert liar.shape == (3, 3)",
    "equal": "assert (odd == pd.Series([1, 2])).all()",
    "oracle": "frame = df.copy()\nassert spoil(frame) == frame['temp'].max()",
}


def test_tables_are_compared_and_given_as_what_they_are(run):
    cells = [asserts(source, name) for name, source in (RIGHT | WRONG).items()]
    done = run(solution(STUDENT), *cells, cell_seconds=60)
    verdicts = dict(zip(RIGHT | WRONG, done.verdicts[1:], strict=True))
    assert {name for name, verdict in verdicts.items() if verdict is PASS} == RIGHT.keys(), done
    assert "changed a DataFrame" in done.messages[-1]
