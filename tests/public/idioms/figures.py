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
