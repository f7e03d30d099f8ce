"""Oracles: polynomials known in advance, finite differences, normal equations, lstsq."""

import math

import numpy as np
import pytest

from course import differential_regression as dr
from course.option_data import BachelierBasket


def cubic(x):
    """A polynomial of degree 3 in three inputs, and its derivatives."""
    a, b, c = np.asarray(x, dtype=float).T
    values = 2 - a + 3 * b * c + 0.5 * a**2 * b - c**3 + 0.25 * a * b * c
    slopes = [-1 + a * b + 0.25 * b * c, 3 * c + 0.5 * a**2 + 0.25 * a * c,
              3 * b - 3 * c**2 + 0.25 * a * b]  # fmt: skip
    return values, np.column_stack(slopes)


def points(seed, m=60, n=3):
    return np.random.default_rng(seed).normal(1, 2, (m, n))


# --- monomials --------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "degree"), [(1, 1), (1, 5), (2, 3), (3, 5), (7, 3)])
def test_there_are_as_many_monomials_as_the_binomial_says_and_no_two_alike(n, degree):
    powers = dr.exponents(n, degree)
    assert powers.shape == (math.comb(n + degree, degree) - 1, n)
    assert len({tuple(p) for p in powers}) == len(powers)
    totals = powers.sum(axis=1)
    assert set(totals) == set(range(1, degree + 1))
    assert (np.diff(totals) >= 0).all()
    np.testing.assert_array_equal(powers[:n], np.eye(n))


def test_monomials_are_products_of_powers():
    z, powers = points(0, m=9), dr.exponents(3, 4)
    expected = [[np.prod(row**p) for p in powers] for row in z]
    np.testing.assert_allclose(dr.monomials(z, powers), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_agree_with_central_differences(seed):
    z, powers = points(seed, m=7), dr.exponents(3, 4)
    h = 1e-6
    for j in range(3):
        shift = h * np.eye(3)[j]
        numerical = (dr.monomials(z + shift, powers) - dr.monomials(z - shift, powers)) / (2 * h)
        slopes = dr.monomial_derivatives(z, powers)[:, :, j]
        np.testing.assert_allclose(slopes, numerical, rtol=1e-5, atol=1e-7)


def test_derivatives_at_zero_are_those_of_the_linear_terms():
    powers = dr.exponents(2, 3)
    slopes = dr.monomial_derivatives(np.zeros((1, 2)), powers)[0]
    np.testing.assert_array_equal(slopes, np.where(powers.sum(axis=1)[:, None] == 1, powers, 0))
    # The notebook's formula loses them.
    z = np.zeros((1, 2))
    source = dr.monomials(z, powers)[:, :, None] * powers / (z[:, None, :] + 1e-8)
    assert not source.any()


# --- fits -------------------------------------------------------------------------------------

FITS = {
    "least squares": lambda x, y, z, d: dr.least_squares(x, y, degree=d),
    "ridge": lambda x, y, z, d: dr.ridge(x, y, degree=d, penalty=0.0),
    "differential": lambda x, y, z, d: dr.differential(x, y, z, degree=d),
}


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("degree", [3, 4])
def test_every_fit_finds_a_cubic_exactly_in_values_and_slopes(name, degree):
    x, fresh = points(1), points(2)
    fit = FITS[name](x, *cubic(x), degree)
    values, slopes = cubic(fresh)
    np.testing.assert_allclose(fit.values(fresh), values, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fit.derivatives(fresh), slopes, rtol=1e-9, atol=1e-9)


def test_differential_fit_needs_fewer_points_than_there_are_coefficients():
    x, fresh = points(3, m=6), points(4)  # 6 values, 18 slopes, 20 coefficients
    assert len(dr.exponents(3, 3)) == 19
    values, _ = cubic(fresh)
    both = dr.differential(x, *cubic(x), degree=3).values(fresh)
    alone = dr.least_squares(x, cubic(x)[0], degree=3).values(fresh)
    np.testing.assert_allclose(both, values, rtol=1e-8, atol=1e-8)
    assert np.abs(alone - values).max() > 1


def test_least_squares_minimises_like_lstsq_on_raw_monomials():
    x = points(5)
    y = cubic(x)[0] + np.random.default_rng(6).normal(size=60)
    table = np.column_stack([np.ones(60), dr.monomials(x, dr.exponents(3, 2))])
    expected = table @ np.linalg.lstsq(table, y)[0]
    np.testing.assert_allclose(dr.least_squares(x, y, degree=2).values(x), expected, rtol=1e-9)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_ridge_solves_its_normal_equations(penalty):
    x = points(7)
    y = cubic(x)[0] + np.random.default_rng(8).normal(size=60)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    phi = dr.monomials(z, dr.exponents(3, 3))
    phi = (phi - phi.mean(axis=0)) / phi.std(axis=0)
    beta = np.linalg.solve(phi.T @ phi / 60 + penalty * np.eye(19), phi.T @ (y - y.mean()) / 60)
    fit = dr.ridge(x, y, degree=3, penalty=penalty)
    np.testing.assert_allclose(fit.values(x), y.mean() + phi @ beta, rtol=1e-9)


def test_an_infinite_penalty_leaves_the_mean():
    x = points(9)
    fit = dr.ridge(x, cubic(x)[0], degree=3, penalty=1e12)
    np.testing.assert_allclose(fit.values(points(10)), cubic(x)[0].mean(), rtol=1e-6)


def objective(fit, x, y, dydx, weight):
    """The loss of the module's docstring, from the fitted polynomial's own values and slopes."""
    alpha = y.var() / np.mean(dydx**2, axis=0)
    slopes = np.mean((dydx - fit.derivatives(x)) ** 2, axis=0)
    return np.mean((y - fit.values(x)) ** 2) + weight * alpha @ slopes


@pytest.mark.parametrize("weight", [0.1, 1.0, 10.0])
def test_differential_minimises_its_objective(weight):
    x = points(11)
    rng = np.random.default_rng(12)
    values, slopes = cubic(x)
    y, dydx = values + rng.normal(size=60), slopes + rng.normal(size=(60, 3))
    fit = dr.differential(x, y, dydx, degree=2, weight=weight)
    least = objective(fit, x, y, dydx, weight)
    for _ in range(20):
        nudge = 1e-3 * rng.normal(size=fit.coefficients.shape)
        other = dr.Polynomial(
            fit.powers, fit.coefficients + nudge, fit.intercept, fit.mean, fit.std
        )
        assert objective(other, x, y, dydx, weight) > least
    for step in (-1e-3, 1e-3):
        other = dr.Polynomial(fit.powers, fit.coefficients, fit.intercept + step, fit.mean, fit.std)
        assert objective(other, x, y, dydx, weight) > least


def test_weight_zero_is_least_squares_and_a_large_weight_fits_the_slopes():
    x = points(13)
    rng = np.random.default_rng(14)
    y, dydx = cubic(x)
    y, dydx = y + rng.normal(size=60), dydx + 5 * rng.normal(size=dydx.shape)
    zero = dr.differential(x, y, dydx, degree=2, weight=0.0)
    np.testing.assert_allclose(
        zero.values(x), dr.least_squares(x, y, degree=2).values(x), rtol=1e-9
    )
    gaps = [
        objective(dr.differential(x, y, dydx, degree=2, weight=w), x, y, dydx, 1e9)
        for w in (0.0, 1.0, 1e6)
    ]
    assert gaps[0] > gaps[1] > gaps[2]


@pytest.mark.parametrize("name", FITS)
def test_units_do_not_matter(name):
    x = points(15)
    rng = np.random.default_rng(16)
    y, dydx = cubic(x)
    y, dydx = y + rng.normal(size=60), dydx + rng.normal(size=dydx.shape)
    scale = np.array([1e3, 1e-2, 7.0])
    one = FITS[name](x, y, dydx, 3)
    other = FITS[name](x * scale - 5, 1e6 * y + 3, 1e6 * dydx / scale, 3)
    np.testing.assert_allclose(other.values(x * scale - 5), 1e6 * one.values(x) + 3, rtol=1e-7)
    np.testing.assert_allclose(
        other.derivatives(x * scale - 5), 1e6 * one.derivatives(x) / scale, rtol=1e-6, atol=1e-3
    )


def test_an_input_without_slopes_adds_no_equation():
    x = points(17)
    y, dydx = cubic(x)
    dydx[:, 2] = 0.0
    fit = dr.differential(x, y, dydx, degree=3)
    assert np.isfinite(fit.coefficients).all()
    np.testing.assert_allclose(fit.values(x), y, rtol=1e-9, atol=1e-9)


def test_two_point_columns_whose_square_does_not_vary_do_no_harm():
    x = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    fit = dr.least_squares(x, x[:, 0] * 3 + 2, degree=2)
    np.testing.assert_allclose(fit.values(x), x[:, 0] * 3 + 2)


# --- cross-validation -------------------------------------------------------------------------


def test_cross_validation_errors_are_those_of_separate_fits():
    x = points(18, m=23)
    y = cubic(x)[0] + np.random.default_rng(19).normal(size=23)
    penalties = (0.01, 0.3, 5.0)
    found = dr.cross_validated_ridge(x, y, degree=2, penalties=penalties, n_folds=4, seed=3)
    folds = np.array_split(np.random.default_rng(3).permutation(23), 4)
    for penalty, error in zip(penalties, found.errors, strict=True):
        squares = 0.0
        for fold in folds:
            kept = np.setdiff1d(np.arange(23), fold)
            fit = dr.ridge(x[kept], y[kept], degree=2, penalty=penalty)
            squares += np.sum((fit.values(x[fold]) - y[fold]) ** 2)
        assert error == pytest.approx(squares / 23, rel=1e-9)
    assert found.penalty == penalties[found.errors.argmin()]
    same = dr.ridge(x, y, degree=2, penalty=found.penalty)
    np.testing.assert_array_equal(found.best.values(x), same.values(x))


def test_pure_noise_is_shrunk_hard_and_an_exact_polynomial_hardly():
    x, rng = points(20), np.random.default_rng(21)
    assert dr.cross_validated_ridge(x, rng.normal(size=60), degree=3).penalty >= 1
    assert dr.cross_validated_ridge(x, cubic(x)[0], degree=3).penalty == min(dr.PENALTIES)


# --- what it is for ---------------------------------------------------------------------------


@pytest.mark.slow
def test_slopes_are_worth_more_than_a_ridge_on_a_basket():
    ratios = []
    for seed in range(5):
        basket = BachelierBasket.random(3, seed=seed, boost=1.0)
        sample = basket.simulate(500, seed=100 + seed, antithetic=False)
        x = basket.simulate(1000, seed=200 + seed).x
        errors = [
            np.mean((fit.values(x) - basket.price(x)) ** 2) ** 0.5
            for fit in (
                dr.cross_validated_ridge(sample.x, sample.y, degree=5).best,
                dr.differential(sample.x, sample.y, sample.dydx, degree=5),
            )
        ]
        ratios.append(errors[0] / errors[1])
    assert np.median(ratios) > 2


# --- inputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FITS)
def test_no_input_is_modified_and_whole_numbers_are_numbers(name):
    x = np.random.default_rng(22).integers(-5, 6, (40, 3))
    y, dydx = cubic(x)
    kept = x.copy(), y.copy(), dydx.copy()
    fit = FITS[name](x, y, dydx, 3)
    assert all(map(np.array_equal, kept, (x, y, dydx)))
    np.testing.assert_allclose(fit.values(x), y, atol=1e-7)


X, Y = points(23, m=12, n=2), np.arange(12.0)
Z = np.ones((12, 2))


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: dr.least_squares(X, Y[:, None], degree=1), r"y has shape \(12, 1\); expected 1"),
        (lambda: dr.least_squares(X[:, 0], Y, degree=1), r"x has shape \(12,\); expected 2"),
        (lambda: dr.least_squares(X, Y[:-1], degree=1), "x has 12 rows and y 11 entries"),
        (lambda: dr.least_squares(X, Y * np.nan, degree=1), "y has NaN"),
        (lambda: dr.least_squares(X * [1, 0], Y, degree=1), r"constant in column \[1\]; drop it"),
        (lambda: dr.least_squares(X * [1, 0] + 0.1, Y, degree=1), r"constant in column \[1\]"),
        (lambda: dr.least_squares(X, Y, degree=0), "degree is 0; expected an integer from 1"),
        (lambda: dr.exponents(0, 1), "n_inputs is 0"),
        (lambda: dr.ridge(X, Y, degree=1, penalty=-1), "penalty is -1; expected a number ≥ 0"),
        (lambda: dr.differential(X, Y, Z[:, :1], degree=1), r"dydx has shape \(12, 1\); x has"),
        (lambda: dr.differential(X, Y, Z, degree=1, weight=-1), "weight is -1"),
        (lambda: dr.cross_validated_ridge(X, Y, degree=1, n_folds=1), "n_folds is 1"),
        (lambda: dr.cross_validated_ridge(X, Y, degree=1, n_folds=13), "n_folds is 13"),
        (lambda: dr.least_squares(X, Y, degree=1).values(X[:, :1]), r"expected \(m, 2\)"),
        (lambda: dr.monomials(X, dr.exponents(3, 2)), "z has shape"),
    ],
)
def test_what_is_misshapen_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
