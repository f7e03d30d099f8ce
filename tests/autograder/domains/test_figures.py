"""What a test has of Matplotlib's figures, whatever the student's process says of them."""

import matplotlib as mpl
import pytest

from autograder.domains.proxy import ProxyError, is_proxy
from tests.autograder.pair import student

mpl.use("Agg")
from matplotlib import pyplot as plt

DRAWING = """
    from autograder.domains import student_figures
    from matplotlib import pyplot as plt

    def plot(values):
        plt.plot(values)

    def style(ax):
        ax.set_title("styled")
"""


@pytest.fixture(autouse=True)
def own_pyplot(monkeypatch):
    for name in ("gcf", "gca", "close", "get_fignums"):
        monkeypatch.setattr(plt, name, getattr(plt, name))
    yield
    monkeypatch.undo()
    plt.close("all")


def lines(ax):
    return [[float(y) for y in line.get_ydata()] for line in ax.lines]


def test_the_students_figure_is_the_current_one_until_the_test_has_one():
    with student(DRAWING) as theirs:
        theirs.plot([1, 2])
        assert is_proxy(plt.gca())
        assert lines(plt.gca()) == [[1, 2]]
        plt.plot([3, 4])  # what a test draws stays here
        assert not is_proxy(plt.gca())
        assert lines(plt.gca()) == [[3, 4]]
        theirs.plot([5, 6])  # nor is it drawn into what was there before
        assert lines(plt.gca()) == [[5, 6]]


def test_axes_that_are_given_become_proxies_if_nothing_is_drawn_in_them():
    with student(DRAWING) as theirs:
        figure, ax = plt.subplots()
        theirs.style(ax)
        assert is_proxy(ax)
        assert is_proxy(figure)
        assert ax.get_title() == "styled"
        drawn = plt.subplots()[1]
        drawn.plot([1, 2])
        with pytest.raises(Exception, match="cannot be given"):
            theirs.style(drawn)
        assert lines(drawn) == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "said",
    [
        {"current": 5, "count": 1},
        {"current": None, "count": -1},
        {"current": [], "count": 10**9},
        {"count": True},
        {},
        [],
        7,
    ],
    ids=repr,
)
def test_what_is_no_figure_is_passed_over(said):
    forged = f"    student_figures.OwnFigures.changes = lambda self: {said!r}\n"
    with student(DRAWING + forged) as theirs:
        theirs.plot([1])
        assert not is_proxy(plt.gca())
        assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("made", ["[]", "[1, []]", "None"])
def test_a_figure_that_is_none_is_refused_and_the_tests_stays_as_it_is(made):
    forged = "    from autograder.domains.student_requests import DO\n"
    forged += f"    DO['make_figure'] = lambda layout: {made}\n"
    with student(DRAWING + forged) as theirs:
        _, ax = plt.subplots()
        with pytest.raises(ProxyError, match="no figure"):
            theirs.style(ax)
        assert ax.get_title() == ""


def test_a_figure_that_was_closed_is_not_put_back_by_the_answer():
    forged = "    plt.close = lambda *_: plt.figure()\n"
    with student(DRAWING + forged) as theirs:
        theirs.plot([1])
        plt.close("all")
        assert not is_proxy(plt.gca())
