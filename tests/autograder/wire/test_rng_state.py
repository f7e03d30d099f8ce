import random

import numpy as np

from autograder.wire import rng_state


def test_a_seed_settles_every_generator():
    kept = random.getstate(), np.random.get_state()
    try:
        rng_state.seed_all(0xFFFF_FFFF_FFFF_FFFF)
        first = random.random(), np.random.rand()
        rng_state.seed_all(0xFFFF_FFFF_FFFF_FFFF)
        assert (random.random(), np.random.rand()) == first
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
