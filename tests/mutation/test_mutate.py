from tests.mutation.mutate import mutations

SOURCE = '''def mean(x, n=2):
    """Return x / 2 + 1."""
    if n < 1:
        raise ValueError("n must be 1 or more, not 0")
    total: float = sum(x) + 0.0
    return total / n
'''


def test_each_mutant_differs_in_one_place_and_only_once():
    found = mutations("mean", SOURCE)
    assert len({one.source for one in found}) == len(found)
    changes = {(one.before, one.after) for one in found}
    assert ("return total / n", "return total * n") in changes
    assert ("if n < 1:", "if n <= 1:") in changes
    assert ("def mean(x, n=2):", "def mean(x, n=3):") in changes
    assert all(one.cell == "mean" for one in found)


def test_what_is_there_for_people_is_left_alone():
    assert all("n must be 1 or more" in one.source for one in mutations("mean", SOURCE))
    assert all("Return x / 2 + 1." in one.source for one in mutations("mean", SOURCE))


def test_every_mutant_is_python():
    for one in mutations("mean", SOURCE):
        compile(one.source, "mutant", "exec")
