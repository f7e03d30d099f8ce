# %% locked letters
import sympy as sp

t, u = sp.symbols("t u")
n = sp.Symbol("n", integer=True, positive=True)
# %% answer expressions
path = t**3 - 6 * t**2 + 9 * t
speed = sp.diff(path, t)
rests = sp.solve(speed, t)
wave = sp.sin(u) ** 2 + sp.cos(u) ** 2
share = sp.Rational(3, 4)
turn = sp.Matrix([[sp.cos(t), -sp.sin(t)], [sp.sin(t), sp.cos(t)]])
law = sp.Eq(u, 2 * t + 1)
limit = sp.limit((1 + 1 / n) ** n, n, sp.oo)
tail = sp.summation(1 / sp.Integer(2) ** n, (n, 1, sp.oo))
close = sp.series(sp.exp(t), t, 0, 4).removeO()
# %% test derivative
assert speed == 3 * t**2 - 12 * t + 9
# %% test simplified
assert sp.simplify(speed - sp.diff(path, t)) == 0
# %% test expanded
assert sp.expand(t * (t - 3) ** 2) == path
# %% test roots
assert sorted(rests) == [1, 3] and set(rests) == {sp.Integer(1), sp.Integer(3)}
# %% test substituted
assert path.subs(t, 2) == 2 and speed.subs({t: 0}) == 9
# %% test one
assert sp.simplify(wave) == 1
# %% test rational
assert share == sp.Rational(6, 8) and share.p == 3 and float(share) == 0.75
# %% test symbols_in
assert path.free_symbols == {t}
# %% test degree
assert sp.degree(path, t) == 3 and sp.Poly(path, t).all_coeffs() == [1, -6, 9, 0]
# %% test determinant
assert sp.simplify(turn.det()) == 1
# %% test matrix_shape
assert turn.shape == (2, 2) and turn[0, 1] == -sp.sin(t)
# %% test matrix_equal
assert turn.T.subs(t, 0) == sp.eye(2)
# %% test equation
assert isinstance(law, sp.Eq) and law.lhs == u and sp.solve(law, t) == [u / 2 - sp.Rational(1, 2)]
# %% test euler
assert limit == sp.E
# %% test infinite_sum
assert tail == 1
# %% test taylor
assert close.coeff(t, 2) == sp.Rational(1, 2) and close.subs(t, 0) == 1
# %% test number
assert abs(sp.N(path.subs(t, sp.pi)) - 0.063) < 0.01
# %% test lambdified
import numpy as np

fast = sp.lambdify(t, speed, "numpy")
assert np.allclose(fast(np.array([0.0, 1.0, 3.0])), [9, 0, 0])


# %% answer functions
def slope(expression, at):
    return sp.diff(expression, t).subs(t, at)


def area(expression, low, high):
    return sp.integrate(expression, (t, low, high))


def product(left, right):
    return left * right


# %% test expression_given
assert slope(t**2 + u, 3) == 6
# %% test symbol_given
assert slope(sp.sin(t), u) == sp.cos(u)
# %% test integral
assert area(t**2, 0, 3) == 9 and area(sp.sin(t), 0, sp.pi) == 2
# %% test matrices_given
assert product(sp.Matrix([[1, 2]]), sp.Matrix([t, u])) == sp.Matrix([t + 2 * u])
# %% wrong numbers expressions
path = t**2
speed = 2 * t
rests = [0]
wave = 2
share = 0.7
turn = sp.zeros(3)
law = sp.Eq(u, t)
limit = 2.718
tail = 2
close = t


# %% wrong numbers functions
def slope(expression, at):
    return 6


def area(expression, low, high):
    return 9


def product(left, right):
    return left
