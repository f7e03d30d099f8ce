import pytest

from autograder.dispatch import remote_cluster
from autograder.dispatch.engine import Engine
from autograder.model import AutograderError
from autograder.settings import Autograder
from tests.autograder.building import job


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(remote_cluster, "ANSWER", 1)
    address = "tcp://127.0.0.1:1"
    with (
        Engine(Autograder(scheduler=address)) as engine,
        pytest.raises(AutograderError, match=f"No Dask scheduler answers at {address}"),
    ):
        next(engine.run([job("1")]))


@pytest.mark.parametrize("address", ["here", "10.0.0.1:8786", "ftp://10.0.0.1:8786", "tcp://a"])
def test_an_address_of_no_scheduler_is_told_from_one(address):
    with pytest.raises(AutograderError, match=f"'{address}' does not look like .* tcp://10"):
        Engine(Autograder(scheduler=address))


def test_what_is_no_name_of_a_machine_is_told_in_words():
    address = "tcp://my..host:8786"
    with (
        Engine(Autograder(scheduler=address)) as engine,
        pytest.raises(AutograderError, match=f"No Dask scheduler answers at {address} .*idna"),
    ):
        engine.connect()
