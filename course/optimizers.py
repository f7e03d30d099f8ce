"""The seven update rules of the table "Few variants of SGD", with its two wrong rows put right.

A rule turns a gradient into a move. What it remembers between two moves is a `State`, which the
caller keeps: `update` is a pure function, changes no array that it is given, and treats every entry
alike, so one vector may hold all the weights of a network (`pack`, `unpack`). With w the weights
(any shape), g = ∇f(w), η_t the step size, t = 0, 1, … the updates made before:

| row of the table           | here            | what it remembers                        |
| -------------------------- | --------------- | ---------------------------------------- |
| learning rate (and η_t)    | `Descent`       | nothing                                  |
| momentum                   | `Momentum`      | the last move                            |
| Nesterov momentum          | `Nesterov`      | the velocity                             |
| AdaGrad                    | `AdaGrad`       | the sum of the squared gradients         |
| RMSProp                    | `RMSProp`       | a moving mean of the squared gradients   |
| Adam                       | `Adam`          | moving means of gradients and of squares |

All is float64. A step size of the first three lines has the unit (unit of w)²/(unit of the loss);
of the last three the unit of w, because there a gradient is divided by something of its own size.
Whatever is out of range or misshapen raises a ValueError that says so.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Gradient = Callable[[Array], Array]
Schedule = Callable[[int], float]


class State(NamedTuple):
    """What a rule remembers: `t` updates made, and arrays of the weights' shape."""

    t: int
    memory: tuple[Array, ...]


@dataclass(frozen=True)
class Rule(ABC):
    """How a gradient becomes a move; each subclass is one row of the table.

    `step` is η > 0, or a function that gives η_t for t = 0, 1, … (the table's second row, which
    goes with every other).
    """

    step: float | Schedule
    slots: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if not callable(self.step):
            _require(0 < self.step < math.inf, f"step is {self.step}; expected a number above 0")

    def start(self, w: ArrayLike) -> State:
        """Return the state before the first update of weights that look like `w`.

        Parameters
        ----------
        w : array_like
            Only its shape matters.

        Returns
        -------
        State
            With t = 0 and zeros in the memory.
        """
        return State(0, tuple(np.zeros(np.shape(w)) for _ in range(self.slots)))

    def update(self, w: Array, g: Array, state: State) -> tuple[Array, State]:
        """Return the weights after one update, and the state for the next.

        `g` is the gradient at `w`, of the same shape; `state` comes from `start` or from the last
        update of the same weights.

        Parameters
        ----------
        w, g : ndarray
            Weights and gradient.
        state : State
            What the rule remembers.

        Returns
        -------
        w : ndarray
            New array of the same shape.
        state : State
            With t one larger.
        """
        _require(np.shape(g) == np.shape(w), f"g has shape {np.shape(g)}, w has {np.shape(w)}")
        eta = self.step(state.t) if callable(self.step) else self.step
        move, memory = self._move(g, eta, state)
        return w + move, State(state.t + 1, memory)

    @abstractmethod
    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        """Return the move and the memory after it."""


class Descent(Rule):
    """w ← w − η_t·g; Cauchy (1847), and with noisy gradients Robbins and Monro (1951)."""

    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        return -eta * g, ()


@dataclass(frozen=True)
class Momentum(Rule):
    """v ← μv − η_t·g, w ← w + v: the heavy ball.

    v is the last move, w_t − w_{t−1}, so this is the table's row; 0 ≤ `mu` < 1. Source: Polyak,
    USSR Comput. Math. Math. Phys. 4(5) (1964); Qian, Neural Networks 12(1) (1999).
    """

    mu: float = 0.9
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _fraction("mu", self.mu)

    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        velocity = self.mu * state.memory[0] - eta * g
        return velocity, (velocity,)


@dataclass(frozen=True)
class Nesterov(Rule):
    """v ← μv − η_t·g, w ← w + μv − η_t·g (with the new v): Nesterov's momentum.

    The textbook evaluates the gradient ahead of its iterate x, at x + μv, and sets
    v ← μv − η·∇f(x + μv), x ← x + v. Here w is that point ahead, w = x + μv, so that gradients are
    taken where the weights are; both are one method in two coordinates. Sources: Nesterov, Soviet
    Math. Dokl. 27 (1983); Sutskever et al., ICML (2013), equations (3)-(4); for these coordinates
    Bengio, Boulanger-Lewandowski and Pascanu, ICASSP (2013), section 3.5.
    """

    mu: float = 0.9
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _fraction("mu", self.mu)

    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        kick = eta * g
        velocity = self.mu * state.memory[0] - kick
        return self.mu * velocity - kick, (velocity,)


@dataclass(frozen=True)
class AdaGrad(Rule):
    """A ← A + g², w ← w − η_t·g/√(A + ε), entry by entry.

    The sum A begins at `initial`: 0 in the table, 0.1 in Keras. Source: Duchi, Hazan and Singer,
    JMLR 12 (2011), figure 1, with diagonal matrices (who add ε outside the root).
    """

    initial: float = 0.0
    eps: float = 1e-7
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _tiny("initial", self.initial)
        _tiny("eps", self.eps)

    def start(self, w: ArrayLike) -> State:
        """Return the state before the first update: A = `initial` in every entry.

        Parameters
        ----------
        w : array_like
            Only its shape matters.

        Returns
        -------
        State
        """
        return State(0, (np.full(np.shape(w), float(self.initial)),))

    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        total = state.memory[0] + g * g
        return -eta * g / np.sqrt(total + self.eps), (total,)


@dataclass(frozen=True)
class RMSProp(Rule):
    """A ← βA + (1 − β)g², w ← w − η_t·g/√(A + ε), entry by entry.

    Source: Tieleman and Hinton, "Neural networks for machine learning", lecture 6e (2012), p. 29.
    """

    beta: float = 0.9
    eps: float = 1e-7
    slots: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        _fraction("beta", self.beta)
        _tiny("eps", self.eps)

    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        mean_square = self.beta * state.memory[0] + (1 - self.beta) * (g * g)
        return -eta * g / np.sqrt(mean_square + self.eps), (mean_square,)


@dataclass(frozen=True)
class Adam(Rule):
    """Moving means m of g and v of g², each freed of its start at 0: −η_t·m̂/(√v̂ + ε).

    m ← β₁m + (1 − β₁)g and m̂ = m/(1 − β₁ᵏ) in update k = t + 1, likewise v̂ with g² and β₂. The
    *uncorrected* m and v are remembered. Source: Kingma and Ba, ICLR (2015), algorithm 1. (Keras's
    ε is the ε̂ at the end of their section 2: ours is Keras's divided by √(1 − β₂ᵏ).)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-7
    slots: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        _fraction("beta1", self.beta1)
        _fraction("beta2", self.beta2)
        _tiny("eps", self.eps)

    def _move(self, g: Array, eta: float, state: State) -> tuple[Array, tuple[Array, ...]]:
        k = state.t + 1
        m = self.beta1 * state.memory[0] + (1 - self.beta1) * g
        v = self.beta2 * state.memory[1] + (1 - self.beta2) * (g * g)
        scale = eta / (1 - self.beta1**k)
        return -scale * m / (np.sqrt(v / (1 - self.beta2**k)) + self.eps), (m, v)


def run(rule: Rule, gradient: Gradient, start: ArrayLike, *, n_steps: int) -> Array:
    """Return the path w_0 … w_n of `n_steps` ≥ 1 updates, shape (n_steps + 1, *shape of start).

    `gradient` maps weights to the gradient there, exact or (if it draws a new batch at every call)
    estimated.

    Parameters
    ----------
    rule : Rule
        How a gradient becomes a move.
    gradient : callable
        As described above; it gets and returns arrays of the shape of `start`.
    start : array_like
        First weights, of any shape.
    n_steps : int
        Number of updates.

    Returns
    -------
    ndarray, shape (n_steps + 1, *shape of start)

    Raises
    ------
    FloatingPointError
        If the weights overflow.
    """
    _require(n_steps >= 1 and n_steps == int(n_steps), f"n_steps is {n_steps}; expected 1, 2, …")
    w = np.array(start, dtype=np.float64)
    state = rule.start(w)
    path = np.empty((n_steps + 1, *w.shape))
    path[0] = w
    for t in range(n_steps):
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, in plainer words
            w, state = rule.update(w, gradient(w), state)
        if not np.isfinite(w).all():
            raise FloatingPointError(
                f"diverged: {type(rule).__name__} overflows at update {t + 1}; take a smaller step"
            )
        path[t + 1] = w
    return path


def pack(arrays: Sequence[ArrayLike]) -> Array:
    """Return all entries of `arrays` as one vector, in order.

    Parameters
    ----------
    arrays : sequence of array_like
        At least one, of any shapes.

    Returns
    -------
    ndarray, one axis
        A copy, in float64.
    """
    return np.concatenate([np.ravel(np.asarray(a, dtype=np.float64)) for a in arrays])


def unpack(vector: Array, shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Return views into `vector`, one of each shape: the inverse of `pack`.

    Parameters
    ----------
    vector : ndarray, one axis
        As many entries as all shapes together.
    shapes : sequence of shapes
        In the order in which the arrays were packed.

    Returns
    -------
    list of ndarray
    """
    sizes = [math.prod(shape) for shape in shapes]
    _require(
        np.shape(vector) == (sum(sizes),),
        f"vector has shape {np.shape(vector)}; the shapes ask for {(sum(sizes),)}",
    )
    ends = np.cumsum(sizes)
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _fraction(name: str, value: float) -> None:
    _require(0 <= value < 1, f"{name} is {value}; expected a number from 0 to below 1")


def _tiny(name: str, value: float) -> None:
    _require(0 <= value < math.inf, f"{name} is {value}; expected a number from 0 on")
