# %% plain
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

# %% answer charts
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
left.plot([0, 1, 2], [0, 1, 4], label="square", color="red", linestyle="--")
left.plot([0, 1, 2], [0, 1, 8], label="cube", marker="o")
left.set_title("Powers")
left.set_xlabel("x")
left.set_ylabel("value")
left.legend()
left.set_xlim(0, 2)
bars = right.bar(["a", "b", "c"], [3, 1, 2])
right.set_yscale("log")
right.grid(True)
figure.suptitle("Two charts")
# %% test is_figure
assert isinstance(figure, plt.Figure)
# %% test is_axes
assert isinstance(left, plt.Axes) and isinstance(right, plt.Axes)
# %% test two_axes
assert len(figure.axes) == 2
# %% test title
assert left.get_title() == "Powers"
# %% test labels
assert left.get_xlabel() == "x" and left.get_ylabel() == "value"
# %% test line_count
assert len(left.lines) == 2 and len(left.get_lines()) == 2
# %% test line_data
assert np.array_equal(left.lines[0].get_ydata(), [0, 1, 4])
assert np.array_equal(left.lines[0].get_xdata(), [0, 1, 2])
# %% test line_style
assert left.lines[0].get_color() == "red" and left.lines[0].get_linestyle() == "--"
# %% test legend
assert [text.get_text() for text in left.get_legend().get_texts()] == ["square", "cube"]
# %% test handles
handles, names = left.get_legend_handles_labels()
assert names == ["square", "cube"] and len(handles) == 2
# %% test limits
assert left.get_xlim() == (0, 2)
# %% test bar_heights
assert [bar.get_height() for bar in right.patches] == [3, 1, 2]
# %% test ticks
assert [tick.get_text() for tick in right.get_xticklabels()] == ["a", "b", "c"]
# %% test scale
assert right.get_yscale() == "log" and left.get_yscale() == "linear"
# %% test size
assert tuple(figure.get_size_inches()) == (8, 3)
# %% test suptitle
assert figure.get_suptitle() == "Two charts"
# %% test marker
assert left.lines[1].get_marker() == "o" and left.lines[1].get_label() == "cube"


# %% answer functions
def draw(values):
    fig, ax = plt.subplots()
    ax.hist(values, bins=4)
    ax.set_title(f"{len(values)} values")
    return ax


def decorate(ax):
    ax.set_xlabel("time")
    ax.axhline(0)


def scatter(x, y):
    plt.figure()
    plt.scatter(x, y)
    plt.title("Cloud")


# %% test drawn
assert draw([1, 2, 2, 3]).get_title() == "4 values"
# %% test histogram
assert sum(bar.get_height() for bar in draw([1, 2, 2, 3, 9]).patches) == 5
# %% test axes_given
fig, ax = plt.subplots()
decorate(ax)
assert ax.get_xlabel() == "time" and len(ax.lines) == 1
# %% test current_axes
scatter([1, 2], [3, 4])
assert plt.gca().get_title() == "Cloud"
# %% test offsets
scatter([1, 2], [3, 4])
assert np.allclose(plt.gca().collections[0].get_offsets(), [[1, 3], [2, 4]])
# %% test given_is_kept
fig, ax = plt.subplots(figsize=(4, 4))
decorate(ax)
assert isinstance(ax, plt.Axes) and isinstance(fig, plt.Figure)
assert fig.axes == [ax] and ax.figure is fig and plt.gca() is ax
assert ax.get_xlabel() == "time"
# %% test one_figure
plt.close("all")
scatter([1, 2], [3, 4])
assert len(plt.get_fignums()) == 1 and len(plt.gcf().axes) == 1
plt.close("all")
assert plt.get_fignums() == []
# %% test limits_read
plt.close("all")
scatter([0, 10], [3, 4])
low, high = plt.xlim()
assert low <= 0 and high >= 10
# %% test beside_a_reference
def cloud(x, y):
    plt.scatter(x, y)
    plt.title("Cloud")


plt.close("all")
scatter([1, 2], [3, 4])
found = plt.gca().collections[0].get_offsets().tolist(), plt.gca().get_title()
plt.close("all")
cloud([1, 2], [3, 4])
assert found == (plt.gca().collections[0].get_offsets().tolist(), plt.gca().get_title())
plt.close("all")
# %% test after_a_reference
plt.figure()
cloud([1, 2], [3, 4])
wanted = plt.gca().collections[0].get_offsets().tolist(), plt.gca().get_title()
plt.close("all")
scatter([1, 2], [3, 4])
assert wanted == (plt.gca().collections[0].get_offsets().tolist(), plt.gca().get_title())
# %% answer panels
def fill(axes, columns):
    for ax, (name, values) in zip(axes.flat, columns.items()):
        ax.plot(values)
        ax.set_title(name)


def compare(fig, before, after):
    left, right = fig.subplots(1, 2, sharey=True)
    left.bar(["a", "b"], before)
    right.bar(["a", "b"], after)
    fig.suptitle("Before and after")
    return left, right


def pie():
    fig, ax = plt.subplots()
    ax.pie([1, 3], labels=["one", "three"])
    return fig


plt.close("all")
plt.plot([1, 2], [5, 6])
plt.ylabel("left behind")
# %% test left_behind
assert plt.gca().get_ylabel() == "left behind"
# %% test grid_given
fig, axes = plt.subplots(2, 2, sharex=True)
fill(axes, {"a": [1, 2], "b": [3, 4], "c": [5, 6]})
assert [ax.get_title() for ax in axes.flat] == ["a", "b", "c", ""]
assert [len(ax.lines) for ax in axes.flat] == [1, 1, 1, 0]
assert np.array_equal(axes[1, 0].lines[0].get_ydata(), [5, 6])
# %% test figure_given
fig = plt.figure()
left, right = compare(fig, [1, 2], [2, 1])
assert len(fig.axes) == 2 and fig.axes[0] is left
assert [bar.get_height() for bar in right.patches] == [2, 1]
# %% test wedges
fig = pie()
assert [text.get_text() for text in fig.axes[0].texts] == ["one", "three"]
# %% test polar_given
fig, ax = plt.subplots(subplot_kw={"projection": "polar"})
decorate(ax)
assert ax.name == "polar" and ax.get_xlabel() == "time"


# %% wrong bare charts
figure, (left, right) = plt.subplots(1, 2)
left.plot([0, 1, 2], [0, 1, 2])
bars = right.bar(["a", "b"], [1, 1])


# %% wrong bare functions
def draw(values):
    return plt.subplots()[1]


def decorate(ax):
    ax.set_title("time")


def scatter(x, y):
    plt.figure()


# %% wrong bare panels
def fill(axes, columns):
    axes.flat[0].set_title("a")


def compare(fig, before, after):
    return fig.subplots(1, 2)


def pie():
    return plt.figure()


# %% wrong liar functions
import matplotlib._pylab_helpers as helpers
from matplotlib.axes import Axes


class Agreeing:
    def __eq__(self, other):
        return True

    __hash__ = None


class Told(Axes):
    """Axes that say what was last drawn anywhere."""

    last = [[0, 0]]

    def scatter(self, x, y, *rest, **more):
        Told.last = [list(pair) for pair in zip(x, y)]
        return super().scatter(x, y, *rest, **more)

    def get_xlabel(self):
        return Agreeing()

    def get_title(self, loc="center"):
        return Agreeing()

    @property
    def collections(self):
        class One:
            def get_offsets(self):
                return np.array(Told.last)

        return [One()]


def draw(values):
    ax = plt.subplots()[1]
    ax.__class__ = Told
    return ax


def decorate(ax):
    ax.__class__ = Told


def scatter(x, y):
    plt.subplots()[1].__class__ = Told


plt.close = lambda *_: None
scatter([], [])
