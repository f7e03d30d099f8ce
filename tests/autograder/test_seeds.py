import random

import numpy as np

from autograder import seeds


def test_a_seed_settles_every_generator():
    kept = random.getstate(), np.random.get_state()
    try:
        seeds.seed_all(0xFFFF_FFFF_FFFF_FFFF)
        first = random.random(), np.random.rand()
        seeds.seed_all(0xFFFF_FFFF_FFFF_FFFF)
        assert (random.random(), np.random.rand()) == first
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
