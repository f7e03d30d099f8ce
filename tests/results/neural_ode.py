"""Neural differential equations.

Orders of the methods and error of the adjoint against closed forms, and the spiral of Chen et al.
"""

import numpy as np
import tensorflow as tf
from scipy.linalg import expm

from course import neural_ode, ode

STEPS = (16, 32, 64, 128)
SHORT_HORIZON = neural_ode.SPIRAL_TIMES[neural_ode.SPIRAL_WINDOW - 1]


def measure(seeds: int) -> str:
    """Return the section as Markdown: exact tests once, the training once for each seed."""
    return "\n\n".join([_orders(), _adjoint(), _spiral(seeds)])


def _linear(t: tf.Tensor, y: tf.Tensor, A: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matvec(A, y)


def _orders() -> str:
    A, start = neural_ode.SPIRAL_MATRIX, neural_ode.SPIRAL_START
    lines = [
        "**Orders.** y′ = Ay, A = [[−0.1, 2], [−2, −0.1]], y(0) = (2, 0), T = 1; Euclidean error "
        "of y(1) against the matrix exponential, float64.",
        "",
        "| method | " + " | ".join(f"n = {n}" for n in STEPS) + " | observed order, last two |",
        "| --- |" + " ---: |" * (len(STEPS) + 1),
    ]
    for name, step in (
        ("Euler", ode.euler_step),
        ("midpoint", ode.midpoint_step),
        ("RK4", ode.rk4_step),
    ):
        ends = [
            ode.integrate(
                lambda t, y: _linear(t, y, tf.constant(A)), start, 0.0, 1.0, n_steps=n, step=step
            )
            for n in STEPS
        ]
        errors = np.linalg.norm(np.array(ends) - expm(A) @ start, axis=1)
        order = ode.observed_orders(STEPS, errors)[-1]
        cells = " | ".join(f"{error:.2e}" for error in errors)
        lines.append(f"| {name} | {cells} | {order:.3f} |")
    return "\n".join(lines)


def _adjoint() -> str:
    A, start = neural_ode.SPIRAL_MATRIX, neural_ode.SPIRAL_START
    wrt_start = expm(A).T @ expm(A) @ start
    wrt_matrix = np.empty((2, 2))
    for i, j in np.ndindex(2, 2):
        unit = np.zeros((2, 2))
        unit[i, j] = 1
        block = expm(np.block([[A, unit], [np.zeros((2, 2)), A]]))  # Van Loan (1978)
        wrt_matrix[i, j] = expm(A) @ start @ block[:2, 2:] @ start
    lines = [
        "**Adjoint.** The same path, L = ½|y(1)|²; largest error of dL/dy(0) and of dL/dA against "
        "the closed form, RK4.",
        "",
        "| n | dL/dy(0) | dL/dA |",
        "| ---: | ---: | ---: |",
    ]
    for n in STEPS:
        variables = [tf.Variable(start), tf.Variable(A)]
        with tf.GradientTape() as tape:
            path = neural_ode.solve_adjoint(
                _linear, variables[0], [0.0, 1.0], variables[1:], substeps=n
            )
            loss = tf.reduce_sum(path[-1] ** 2) / 2
        found = tape.gradient(loss, variables)
        errors = [
            abs(g - right).max()
            for g, right in zip(map(np.asarray, found), (wrt_start, wrt_matrix), strict=True)
        ]
        lines.append(f"| {n} | {errors[0]:.1e} | {errors[1]:.1e} |")
    return "\n".join(lines)


def _spiral(seeds: int) -> str:
    fits = [neural_ode.fit_spiral(seed=seed) for seed in range(seeds)]
    # What to compare with: a network that has learnt nothing and stays where it is.
    truth = ode.solve_compiled(
        neural_ode.spiral, neural_ode.SPIRAL_START, neural_ode.SPIRAL_TIMES, substeps=4
    )
    pieces = neural_ode.spiral_pieces(truth)
    naive = float(tf.reduce_mean(abs(pieces - pieces[0])))
    lines = [
        "**Spiral** (Chen et al. 2018, settings of `examples/ode_demo.py`: 50 tanh units on y³, "
        f"2,000 updates). Mean absolute error; {seeds} seeds.",
        "",
        "| horizon | median [range] | nothing learnt | earlier reproduction |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, values, other, elsewhere in (
        (f"short, {SHORT_HORIZON:.3f}", [fit.short for fit in fits], f"{naive:.3f}", "–"),
        ("whole, 25", [fit.whole for fit in fits], "–", "0.08–0.50"),
    ):
        lines.append(
            f"| {name} | {np.median(values):.4f} [{min(values):.4f}, {max(values):.4f}] | {other} "
            f"| {elsewhere} |"
        )
    lines += [
        "",
        "The whole path differs this much between seeds because an error of phase grows with time: "
        "compare methods on the short horizon.",
    ]
    return "\n".join(lines)
