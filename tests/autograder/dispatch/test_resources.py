from dataclasses import replace

import pytest

from autograder.dispatch.resources import awaited, lacking, those
from tests.autograder.building import job

PLAIN, RICH = {"resources": {}}, {"resources": {"GPU": 2.0, "BIG": 1.0}}


def asks(**resources):
    return replace(job("1"), resources=tuple(resources.items()))


@pytest.mark.parametrize(
    ("workers", "wanted", "found"),
    [
        ([], {}, []),
        ([PLAIN], {}, [0]),
        ([PLAIN, RICH], {}, [0, 1]),
        ([PLAIN], {"GPU": 1}, []),
        ([PLAIN, RICH], {"GPU": 1}, [1]),
        ([RICH], {"GPU": 2, "BIG": 1}, [0]),
        ([RICH], {"GPU": 3}, []),
        ([RICH], {"GPU": 1, "TPU": 1}, []),
    ],
)
def test_one_worker_must_offer_all_that_a_job_asks_for(workers, wanted, found):
    assert those(dict(enumerate(workers)), asks(**wanted)) == found


def test_what_is_lacking_is_told_with_what_there_is_and_what_to_do():
    workers = {"tcp://a:1": PLAIN, "tcp://b:2": RICH}
    assert str(lacking(workers, asks(GPU=3), "tcp://s:3", 60)) == (
        "No worker of tcp://s:3 can grade 'ps1', which asks for GPU=3 (waited 60 s; tcp://a:1 "
        "offers nothing; tcp://b:2 offers GPU=2 BIG=1). Start one with `dask worker ADDRESS "
        "--resources GPU=3` and give its scheduler with --scheduler, or change "
        "c.Autograder.resources."
    )


def test_a_cluster_without_workers_is_told_so():
    assert str(lacking({}, asks(), "tcp://s:3", 1)) == (
        "No worker of tcp://s:3 can grade 'ps1' (waited 1 s; there are no workers). Start one "
        "with `dask worker ADDRESS` and give its scheduler with --scheduler."
    )


def test_who_waits_is_told_for_what_how_long_and_what_there_is():
    assert awaited({"tcp://a:1": PLAIN}, asks(GPU=3), "tcp://s:3", 60) == (
        "'ps1' waits for a worker of tcp://s:3 that offers GPU=3, 60 s at most (tcp://a:1 offers "
        "nothing)."
    )
    assert awaited({}, asks(), "tcp://s:3", 5) == (
        "'ps1' waits for a worker of tcp://s:3, 5 s at most (there are no workers)."
    )
