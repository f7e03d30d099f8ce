"""Oracles: published values, quadrature of the payoff, finite differences with common shocks."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from course.option_data import BachelierBasket, BlackScholes

BS = BlackScholes()
BASKETS = [BachelierBasket.random(n, seed=n) for n in (1, 3, 7, 20)]
MODELS = [BS, BlackScholes(spot=100, strike=110, volatility=0.3, expiry=1.5), *BASKETS]
# 100,000 equally likely standard normals: a quadrature with an error far below that of a sample.
STRATA = ndtri((np.arange(100_000) + 0.5) / 100_000)


def states(model, m=6):
    return model.simulate(m, seed=5).x


# --- closed forms ---------------------------------------------------------------------------


def test_prices_and_deltas_have_the_published_values():
    assert BS.price([[1.0]])[0] == pytest.approx(0.042920, abs=5e-7)
    assert BS.delta([[1.0]])[0, 0] == pytest.approx(0.353254, abs=5e-7)
    (one,) = (b for b in BASKETS if b.n_assets == 1)
    assert one.price([[1.0]])[0] == pytest.approx(0.039559, abs=5e-7)
    assert one.delta([[1.0]])[0, 0] == pytest.approx(0.308538, abs=5e-7)


@pytest.mark.parametrize("model", MODELS)
def test_delta_is_the_derivative_of_the_price(model):
    x, h = states(model), 1e-5 * model.spot
    for j in range(model.n_assets):
        step = h * np.eye(model.n_assets)[j]
        slope = (model.price(x + step) - model.price(x - step)) / (2 * h)
        np.testing.assert_allclose(model.delta(x)[:, j], slope, atol=1e-8)


# --- labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_labels_are_derivatives_of_the_payoff_with_the_shocks_held_fixed(model, antithetic):
    x = states(model, 400)
    normals = np.random.default_rng(0).normal(size=x.shape)
    h = 1e-7 * model.spot
    _, dydx = model.label(x, normals, antithetic=antithetic)
    assert 0.1 < (dydx[:, 0] > 0).mean() < 0.9 or antithetic, "both sides of the kink occur"
    for j in range(model.n_assets):
        step = h * np.eye(model.n_assets)[j]
        up, down = (model.label(x + s, normals, antithetic=antithetic)[0] for s in (step, -step))
        slope = (up - down) / (2 * h)
        np.testing.assert_allclose(dydx[:, j], slope, atol=1e-6)


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("place", [0.8, 1.0, 1.3])
def test_mean_of_the_labels_given_the_state_is_price_and_delta(place, antithetic):
    (one,) = (b for b in BASKETS if b.n_assets == 1)
    for model in (BS, one):
        x = np.full((len(STRATA), 1), place)
        y, dydx = model.label(x, STRATA[:, None], antithetic=antithetic)
        assert y.mean() == pytest.approx(model.price(x[:1])[0], abs=1e-5)
        assert dydx.mean() == pytest.approx(model.delta(x[:1])[0, 0], abs=2e-5)


@pytest.mark.parametrize("model", BASKETS[1:])
def test_mean_of_the_labels_of_a_basket_within_monte_carlo_error(model):
    m = 200_000
    x = np.tile(np.linspace(0.9, 1.2, model.n_assets), (m, 1))
    normals = np.random.default_rng(1).normal(size=x.shape)
    y, dydx = model.label(x, normals, antithetic=False)
    error = y.std() / math.sqrt(m)
    assert abs(y.mean() - model.price(x[:1])[0]) < 4 * error
    errors = dydx.std(axis=0) / math.sqrt(m)
    assert (abs(dydx.mean(axis=0) - model.delta(x[:1])[0]) < 4 * errors).all()


def test_the_antithetic_mean_has_less_noise():
    model = BASKETS[2]
    x = np.ones((20_000, model.n_assets))
    normals = np.random.default_rng(2).normal(size=x.shape)
    noise = [model.label(x, normals, antithetic=flag)[0].std() for flag in (False, True)]
    assert noise[1] < noise[0] / math.sqrt(2)  # better than two independent paths


# --- simulated states -----------------------------------------------------------------------


def test_black_scholes_states_are_lognormal_with_boosted_volatility():
    x = replace(BS, spot=2.0, horizon=0.5, boost=3.0).simulate(200_000, seed=3).x[:, 0]
    deviation = 3 * 0.2 * math.sqrt(0.5)
    logs = np.log(x / 2)
    assert logs.std() == pytest.approx(deviation, rel=0.01)
    assert logs.mean() == pytest.approx(-(deviation**2) / 2, abs=4 * deviation / math.sqrt(2e5))


def test_bachelier_states_have_the_covariance_that_was_asked_for():
    model = replace(BASKETS[1], spot=4.0, horizon=0.25, boost=2.0)
    x = model.simulate(200_000, seed=4).x
    wanted = 4 * 0.25 * np.outer(model.volatilities, model.volatilities) * model.correlation
    np.testing.assert_allclose(np.cov(x.T), wanted, atol=0.02 * wanted.max())
    np.testing.assert_allclose(x.mean(axis=0), 4, atol=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_training_sets_repeat_by_seed_and_are_labelled_at_their_states(model):
    one, two, other = (model.simulate(50, seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(vars(one).values(), vars(two).values(), vars(other).values(), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    assert len(one) == 50
    assert one.x.shape == one.dydx.shape == (50, model.n_assets)
    assert one.y.shape == (50,)
    assert np.corrcoef(one.y, model.price(one.x))[0, 1] > 0.5


def test_a_random_basket_is_made_as_described():
    for model in BASKETS:
        assert model.weights.sum() == pytest.approx(1)
        assert model.weights.max() <= 10 * model.weights.min()
        assert model.volatilities.max() <= 10 * model.volatilities.min()
        assert model.volatility == pytest.approx(0.2)
        np.testing.assert_allclose(np.diag(model.correlation), 1)
        sigma = np.outer(model.volatilities, model.volatilities) * model.correlation
        assert model.weights @ sigma @ model.weights == pytest.approx(0.04)
    assert BachelierBasket.random(3, seed=0, spot=100.0, strike=110.0).volatility == pytest.approx(
        20
    )


def test_test_sets_cover_the_range_of_the_source():
    sample = BS.test_set()
    assert (sample.x[0, 0], sample.x[-1, 0], len(sample)) == (0.35, pytest.approx(1.65), 100)
    for model, half in zip(
        BASKETS, [0.5, 0.5 + 0.25 / 6**0.5, 0.5 + 0.25 * 0.5**0.5], strict=False
    ):
        sample = model.test_set(seed=1)
        assert len(sample) == 4096
        assert abs(sample.x - 1).max() == pytest.approx(half, rel=1e-3)
        np.testing.assert_array_equal(sample.y, model.price(sample.x))
        np.testing.assert_array_equal(sample.dydx, model.delta(sample.x))


# --- inputs ----------------------------------------------------------------------------------


def test_a_basket_does_not_share_its_arrays_with_the_caller():
    weights = np.array([1.0])
    model = BachelierBasket(weights=weights, volatilities=[0.2], correlation=[[1.0]])
    weights[0] = 7
    assert model.weights[0] == 1


EYE = np.eye(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BlackScholes(volatility=0), "volatility is 0; expected a number > 0"),
        (lambda: BlackScholes(expiry=1.0), "expiry is 1.0; expected a time after horizon"),
        (lambda: BS.price([1.0]), r"x has shape \(1,\); expected \(m, 1\)"),
        (lambda: BS.price([[-1.0]]), "not positive"),
        (lambda: BS.label([[0.0]], [[1.0]], antithetic=True), "not positive"),
        (lambda: BS.label([[1.0]], [1.0], antithetic=True), "normals has shape"),
        (lambda: BS.simulate(0, seed=1), "n_paths is 0"),
        (lambda: BASKETS[1].simulate(2.5, seed=1), "n_paths is 2.5"),
        (lambda: BASKETS[1].delta(np.ones((4, 2))), r"x has shape \(4, 2\); expected \(m, 3\)"),
        (lambda: BachelierBasket.random(0, seed=1), "n_assets is 0"),
        (lambda: BachelierBasket.random(2, seed=1, volatility=-1.0), "volatility is -1.0"),
        (lambda: BachelierBasket.random(2, seed=1, strike=0.0), "strike is 0.0"),
        (
            lambda: BachelierBasket(weights=[0.5, 0.5], volatilities=[1.0], correlation=EYE),
            r"volatilities has shape \(1,\); expected \(2,\)",
        ),
        (
            lambda: BachelierBasket(weights=[0.5, 0.5], volatilities=[1, 0], correlation=EYE),
            "volatilities hold",
        ),
        (
            lambda: BachelierBasket(weights=[0.5, 0.5], volatilities=[1, 1], correlation=EYE * 0),
            "eigenvalue 0",
        ),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
