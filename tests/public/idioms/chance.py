# %% plain
import random
import numpy as np

# %% answer draws
np.random.seed(3)
sample = np.random.normal(size=500)
random.seed(11)
picked = random.sample(range(100), 5)
generator = np.random.default_rng(5)
numbers = generator.integers(0, 10, size=50)


def throw():
    return random.randint(1, 6)


def throws(n, seed=None):
    rng = random.Random(seed)
    return [rng.randint(1, 6) for _ in range(n)]


def noise(n):
    return np.random.normal(size=n)


def walk(rng, n):
    return np.cumsum(rng.choice([-1, 1], size=n))


def shuffled(values):
    copy = list(values)
    random.shuffle(copy)
    return copy


def split(values, share, seed):
    order = np.random.default_rng(seed).permutation(len(values))
    cut = int(share * len(values))
    return [values[i] for i in order[:cut]], [values[i] for i in order[cut:]]


def estimate_pi(n, seed):
    points = np.random.default_rng(seed).random((n, 2))
    return 4 * np.mean((points**2).sum(axis=1) < 1)


def pick(weights):
    return random.choices(list(weights), weights.values())[0]


def secret(rng):
    return rng.random()


# %% test moments
assert abs(sample.mean()) < 0.2 and abs(sample.std() - 1) < 0.1
# %% test exact_sample
np.random.seed(3)
assert np.allclose(sample, np.random.normal(size=500))
# %% test exact_picks
random.seed(11)
assert picked == random.sample(range(100), 5)
# %% test exact_numbers
assert np.array_equal(numbers, np.random.default_rng(5).integers(0, 10, size=50))
# %% test in_range
assert all(1 <= throw() <= 6 for _ in range(50))
# %% test all_sides
assert {throw() for _ in range(200)} == {1, 2, 3, 4, 5, 6}
# %% test seeded_python
random.seed(42)
expected = random.randint(1, 6)
random.seed(42)
assert throw() == expected
# %% test seeded_numpy
np.random.seed(8)
expected = np.random.normal(size=4)
np.random.seed(8)
assert np.allclose(noise(4), expected)
# %% test repeatable
assert throws(20, seed=1) == throws(20, seed=1) != throws(20, seed=2)
# %% test not_constant
assert len({tuple(throws(10)) for _ in range(5)}) > 1
# %% test generator_given
path = walk(np.random.default_rng(2), 30)
expected = np.cumsum(np.random.default_rng(2).choice([-1, 1], size=30))
assert np.array_equal(path, expected)
# %% test generator_moves_on
rng = np.random.default_rng(6)
first, second = walk(rng, 40), walk(rng, 40)
assert not np.array_equal(first, second)
# %% test steps
assert set(np.diff(walk(np.random.default_rng(1), 100))) == {-1, 1}
# %% test shuffled_values
values = list(range(20))
assert sorted(shuffled(values)) == values and values == list(range(20))
# %% test seeded_shuffle
random.seed(1)
first = shuffled("abcdefgh")
random.seed(1)
assert shuffled("abcdefgh") == first
# %% test halves
a, b = split(list("abcdefghij"), 0.7, seed=4)
assert len(a) == 7 and len(b) == 3 and sorted(a + b) == list("abcdefghij")
# %% test pi
assert abs(estimate_pi(20_000, seed=0) - np.pi) < 0.05
# %% test weights
random.seed(0)
found = [pick({"a": 9, "b": 1}) for _ in range(200)]
assert 140 < found.count("a") < 200


# %% test random_given
class Fixed(random.Random):
    def random(self):
        return 0.25


assert secret(Fixed()) == 0.25
# %% wrong fixed draws
sample = np.zeros(500)
picked = [1, 2, 3, 4, 5]
generator = np.random.default_rng(9)
numbers = generator.integers(0, 10, size=50)


def throw():
    return 4


def throws(n, seed=None):
    return [4] * n


def noise(n):
    return np.zeros(n)


def walk(rng, n):
    return np.arange(n)


def shuffled(values):
    return sorted(values)


def split(values, share, seed):
    return values, []


def estimate_pi(n, seed):
    return 3.0


def pick(weights):
    return "a"


def secret(rng):
    return 0.5
