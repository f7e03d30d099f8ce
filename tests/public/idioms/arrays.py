# %% plain
import numpy as np
import numpy.ma as ma

# %% answer made
row = np.linspace(0, 1, 5)
eye = np.eye(3)
table = np.array([(1, 2.5, b"a"), (2, 3.5, b"b")], dtype=[("n", "i4"), ("v", "f8"), ("s", "S1")])
days = np.array(["2024-01-01", "2024-01-03"], dtype="datetime64[D]")
holes = ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
square = np.matrix([[1, 2], [3, 4]])
words = np.array(["pear", "fig"])
mixed = np.array([1, "a", None], dtype=object)
small = np.float32(0.1)
flags = row > 0.4
steps = np.arange(12).reshape(3, 4)
wave = np.exp(1j * np.array([0, np.pi]))
poly = np.poly1d([1, -3, 2])
record = np.rec.array([(1, "x")], dtype=[("id", int), ("name", "U1")])
empty = np.empty((0, 3))
# %% test values
np.testing.assert_allclose(row, [0, 0.25, 0.5, 0.75, 1])
# %% test kind
assert isinstance(row, np.ndarray) and row.dtype == np.float64 and row.ndim == 1
# %% test identity
assert (eye == np.identity(3)).all() and np.trace(eye) == 3
# %% test fields
assert table.dtype.names == ("n", "v", "s") and table["v"].tolist() == [2.5, 3.5]
# %% test dates
assert days[1] - days[0] == np.timedelta64(2, "D") and days.dtype == "datetime64[D]"
# %% test masked
assert ma.is_masked(holes) and holes.sum() == 4.0 and holes.count() == 2
# %% test matrix_product
assert (square * square).tolist() == [[7, 10], [15, 22]] and isinstance(square, np.matrix)
# %% test strings
assert list(np.char.upper(words)) == ["PEAR", "FIG"] and words.dtype.kind == "U"
# %% test objects
assert mixed[0] == 1 and mixed[2] is None and mixed.dtype == object
# %% test single
assert small.dtype == np.float32 and isinstance(small, np.floating) and abs(small - 0.1) < 1e-7
# %% test flags_kind
assert flags.dtype == bool and flags.sum() == 3 and row[flags].min() == 0.5
# %% test sliced
assert steps[1:, ::2].tolist() == [[4, 6], [8, 10]] and steps.sum(axis=0)[3] == 21
# %% test complex_wave
assert np.allclose(wave, [1, -1]) and np.iscomplexobj(wave)
# %% test polynomial
assert poly(3) == 2 and sorted(poly.roots) == [1, 2] and isinstance(poly, np.poly1d)
# %% test record
assert record.id[0] == 1 and record[0].name == "x"
# %% test nothing_in_it
assert empty.shape == (0, 3) and empty.size == 0


# %% answer functions
def standardise(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def fill(x, value):
    x[:] = value


def swap_rows(x):
    x[[0, 1]] = x[[1, 0]]
    return x


def distances(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


def clip(x, low=0.0):
    return np.where(x < low, low, x)


@np.vectorize
def sign(x):
    return int(x > 0) - int(x < 0)


def largest(x):
    return np.unravel_index(np.argmax(x), x.shape)


def means(holes):
    return holes.mean()


def first_field(table):
    return table[table.dtype.names[0]]


# %% test standardised
x = np.array([[1.0, 10], [3, 30]])
assert np.allclose(standardise(x), [[-1, -1], [1, 1]]) and x[0, 0] == 1
# %% test in_place
x = np.zeros(3)
fill(x, 7)
assert x.tolist() == [7, 7, 7]
# %% test view_in_place
x = np.zeros((2, 2))
fill(x[0], 5)
assert x.tolist() == [[5, 5], [0, 0]]
# %% test swapped
x = np.array([[1, 2], [3, 4]])
assert swap_rows(x.copy()).tolist() == [[3, 4], [1, 2]]
# %% test distances_shape
d = distances(np.zeros((2, 3)), np.ones((4, 3)))
assert d.shape == (2, 4) and np.allclose(d, np.sqrt(3))
# %% test clipped
assert clip(np.array([-1.0, 2])).tolist() == [0, 2] and clip(np.array([1.0]), low=5).tolist() == [5]
# %% test vectorised
assert sign(np.array([-2, 0, 9])).tolist() == [-1, 0, 1] and sign(3) == 1
# %% test where
assert largest(np.array([[1, 9], [3, 4]])) == (0, 1)
# %% test masked_given
assert means(ma.masked_array([1.0, 100.0], mask=[0, 1])) == 1.0
# %% test structured_given
given = np.array([(5, 1.0)], dtype=[("k", "i8"), ("w", "f8")])
assert first_field(given).tolist() == [5]
# %% wrong rough made
row = [0, 0.25, 0.5, 0.75, 1]
eye = np.ones((3, 3))
table = np.array([[1, 2.5], [2, 3.5]])
days = np.array(["2024-01-01", "2024-01-03"])
holes = np.array([1.0, 2.0, 3.0])
square = np.array([[1, 2], [3, 4]])
words = ["pear", "fig"]
mixed = [1, "a", 0]
small = 0.2
flags = np.array([0, 0, 1, 1, 1])
steps = np.arange(12)
wave = np.array([1, 1])
poly = np.poly1d([1, 0])
record = {"id": [1]}
empty = np.zeros((1, 3))


# %% wrong rough functions
def standardise(x):
    return x - x.mean()


def fill(x, value):
    return np.full(x.shape, value)


def swap_rows(x):
    return x


def distances(a, b):
    return np.zeros((len(a), len(b)))


def clip(x, low=0.0):
    return np.abs(x)


def sign(x):
    return x


def largest(x):
    return np.argmax(x)


def means(holes):
    return float(np.mean(holes.data))


def first_field(table):
    return table
