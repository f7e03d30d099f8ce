"""Oracles: hand computation, Monte Carlo, scipy's quadrature, the alternating sum of 2ᵈ terms."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import nquad

from course import genz

ALL = pytest.mark.parametrize("family", genz.FAMILIES)


def drawn(family, dimension, seed=0):
    return genz.draw(family, dimension, np.random.default_rng(seed))


# --- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "value"),
    [
        ("oscillatory", math.cos(2 * math.pi * 0.25 + 1 * 0.5 + 2 * 0.5)),
        ("product peak", 1 / (1 + 0.25**2) / (1 / 4 + 0.25**2)),
        ("corner peak", 2.5**-3),
        ("Gaussian", math.exp(-(0.25**2) - 4 * 0.25**2)),
        ("continuous", math.exp(-0.25 - 2 * 0.25)),
        ("discontinuous", 0.0),  # ½ > ¼ in the first variable
    ],
)
def test_values_by_hand(family, value):
    f = genz.Genz(family, [1.0, 2.0], [0.25, 0.75])
    assert f([[0.5, 0.5]]) == pytest.approx(value, rel=1e-14)


def test_the_jump_is_in_the_first_two_variables_and_its_edge_belongs_to_the_support():
    f = genz.Genz("discontinuous", [1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    points = [[0.5, 0.5, 1.0], [0.6, 0.1, 0.0], [0.1, 0.6, 0.0], [0.6, 0.6, 0.0], [0, 0, 0]]
    np.testing.assert_allclose(f(points), [math.exp(4.5), 0, 0, 0, 1])


@ALL
def test_a_loop_over_points_and_variables_gives_the_same(family):
    f = drawn(family, 4)
    x = np.random.default_rng(1).random((50, 4))
    x[:10, :2] *= f.w[:2]  # so that the discontinuous family is not 0 everywhere

    def formula(p):
        c, w, d = f.c, f.w, 4
        total = sum(c[i] * p[i] for i in range(d))
        return {
            "oscillatory": math.cos(2 * math.pi * w[0] + total),
            "product peak": math.prod(1 / (c[i] ** -2 + (p[i] - w[i]) ** 2) for i in range(d)),
            "corner peak": (1 + total) ** -(d + 1),
            "Gaussian": math.exp(-sum(c[i] ** 2 * (p[i] - w[i]) ** 2 for i in range(d))),
            "continuous": math.exp(-sum(c[i] * abs(p[i] - w[i]) for i in range(d))),
            "discontinuous": 0.0 if p[0] > w[0] or p[1] > w[1] else math.exp(total),
        }[family]

    np.testing.assert_allclose(f(x), [formula(p) for p in x], rtol=1e-12)


# --- normalisation ---------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 5, 10])
def test_the_sums_are_those_of_the_exercise(d):
    table = dict(zip(genz.FAMILIES, [1.5, d, 1.85, 7.03, 20.4, 4.3], strict=True))
    for family, total in table.items():
        f = drawn(family, d, seed=d)
        assert genz.difficulty(family, d) == total
        assert f.c.sum() == pytest.approx(total)
        assert f.w.sum() == pytest.approx(1)
        assert f.dimension == d


def test_drawn_parameters_are_uniform_before_they_are_scaled():
    # In two dimensions w₁ = U/(U + V), whose distribution function at ¼ is ⅙.
    rng = np.random.default_rng(2)
    below = np.mean([genz.draw("Gaussian", 2, rng).w[0] < 0.25 for _ in range(4000)])
    assert below == pytest.approx(1 / 6, abs=4 * math.sqrt(5 / 36 / 4000))


def test_the_same_generator_draws_the_same_function():
    one, other = drawn("continuous", 5, 7), drawn("continuous", 5, 7)
    np.testing.assert_array_equal(one.c, other.c)
    assert not np.array_equal(one.c, drawn("continuous", 5, 8).c)
    assert not np.array_equal(one.c / one.c.sum(), one.w)


# --- moments ---------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("d", [2, 5, 10])
@pytest.mark.parametrize("power", [1, 2])
def test_moments_agree_with_monte_carlo(family, d, power):
    f = drawn(family, d, seed=3)
    x = np.random.default_rng(4).random((40_000, d))
    weight = 1.0
    if family == "discontinuous":  # draw where it is not 0, else hardly a point would count
        x[:, :2] *= f.w[:2]
        weight = f.w[0] * f.w[1]
    values = weight * f(x) ** power
    noise = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - f.moment(power)) < 4.5 * noise
    assert noise < 0.2 * f.moment(power) or family == "oscillatory"


@ALL
@pytest.mark.parametrize("power", [1, 2])
def test_moments_agree_with_adaptive_quadrature(family, power):
    f = drawn(family, 2, seed=5)
    ends = f.w if family == "discontinuous" else np.ones(2)
    kinks = [{"points": [w]} for w in f.w] if family == "continuous" else [{}, {}]
    value, _ = nquad(lambda a, b: f([[a, b]])[0] ** power, [(0, e) for e in ends], opts=kinks)
    assert f.moment(power) == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("d", [1, 3, 8])
@pytest.mark.parametrize("power", [1, 2])
def test_the_corner_peak_agrees_with_the_alternating_sum(d, power):
    f = drawn("corner peak", d, seed=6)
    # Integrate (1 + s)⁻ᵏ once in every direction; each ends at the corners of the cube.
    k = power * (d + 1)
    corners = itertools.product((0, 1), repeat=d)
    terms = [(-1) ** sum(v) * (1 + f.c @ np.array(v)) ** -(k - d) for v in corners]
    total = math.fsum(terms) / math.prod((k - 1 - i) * f.c[i] for i in range(d))
    assert f.moment(power) == pytest.approx(total, rel=1e-7)


def test_mean_and_deviation_follow_from_the_moments():
    # With w = 0 and one variable: f = e⁻ᶜˣ, whose moments anyone can integrate.
    f = genz.Genz("continuous", [2.0], [0.0])
    mean, square = (1 - math.exp(-2)) / 2, (1 - math.exp(-4)) / 4
    assert f.mean == pytest.approx(mean)
    assert f.deviation == pytest.approx(math.sqrt(square - mean**2))


def test_an_almost_constant_function_has_a_deviation_of_zero_not_of_nan():
    assert genz.Genz("oscillatory", [1e-12], [0.0]).deviation == pytest.approx(0, abs=1e-7)


@ALL
def test_a_tiny_coefficient_loses_no_digits(family):
    # A direction in which nothing changes leaves the mean of the others, up to its own factor.
    small, w = 1e-9, 0.4
    f = genz.Genz(family, [1.0, 1.5, small], [0.3, 0.3, w])
    g = genz.Genz(family, [1.0, 1.5], [0.3, 0.3])
    if family == "corner peak":  # its power depends on the dimension
        total = math.fsum(s * (1 + v) ** -2.0 for s, v in ((1, 0), (-1, 1), (-1, 1.5), (1, 2.5)))
        expected = total / (3 * 2 * 1.5)
    else:
        expected = g.mean * (small**2 if family == "product peak" else 1)
    assert f.mean == pytest.approx(expected, rel=1e-8)


# --- inputs ----------------------------------------------------------------------------------


def test_no_input_is_modified_or_kept():
    c, w, x = np.array([1.0, 2.0]), np.array([0.5, 0.5]), np.array([[0.1, 0.2]])
    f = genz.Genz("discontinuous", c, w)
    before = f(x)
    c[:] = w[:] = 0.9
    np.testing.assert_array_equal(f(x), before)
    np.testing.assert_array_equal(x, [[0.1, 0.2]])


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: genz.difficulty("gaussian", 2), "expected one of oscillatory, product peak"),
        (lambda: genz.difficulty("Gaussian", 0), "dimension is 0"),
        (lambda: genz.Genz("Gauss", [1.0], [0.5]), "family is 'Gauss'"),
        (lambda: genz.Genz("Gaussian", [1.0, 2.0], [0.5]), r"c has shape \(2,\) and w \(1,\)"),
        (lambda: genz.Genz("Gaussian", [[1.0]], [[0.5]]), r"c has shape \(1, 1\)"),
        (lambda: genz.Genz("Gaussian", [], []), r"c has shape \(0,\)"),
        (lambda: genz.Genz("Gaussian", [0.0], [0.5]), "no number above 0"),
        (lambda: genz.Genz("Gaussian", [math.nan], [0.5]), "no number above 0"),
        (lambda: genz.Genz("Gaussian", [math.inf], [0.5]), "no number above 0"),
        (lambda: genz.Genz("Gaussian", [1.0], [1.2]), "outside of"),
        (lambda: genz.Genz("Gaussian", [1.0], [-0.1]), "outside of"),
        (
            lambda: genz.Genz("Gaussian", [1.0], [0.5])([0.5]),
            r"x has shape \(1,\); expected \(m, 1",
        ),
        (lambda: genz.Genz("Gaussian", [1.0], [0.5])([[0.5, 0.5]]), r"x has shape \(1, 2\)"),
        (lambda: genz.Genz("Gaussian", [1.0], [0.5]).moment(3), "power is 3; expected 1 or 2"),
    ],
)
def test_what_is_wrong_is_said(action, message):
    with pytest.raises(ValueError, match=message):
        action()
