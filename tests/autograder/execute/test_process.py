import pytest

from autograder.execute.process import Process
from tests.autograder.building import job, wait_for

pytestmark = pytest.mark.sandbox


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_file_cannot_be_written_outside_of_the_job(zygote, name):
    one = Process(zygote, "student", job(), [(name, b"x")])
    try:
        with pytest.raises(ValueError, match="outside of the submission"):
            one.prepare()
    finally:
        one.clear()
    assert not list(zygote.run.rglob("outside"))


def test_a_process_that_was_not_started_has_ended_and_takes_no_orders(zygote):
    one = Process(zygote, "student", job(), [])
    assert one.poll() == 0
    one.order("interrupt")
    one.begin(1.0)
    one.clear()
    assert not one.directory.exists()


def test_a_process_that_cannot_be_isolated_says_why(zygote):
    one = Process(zygote, "student", job(scratch_mb="nonsense"), [])
    one.prepare()
    one.start([])
    wait_for(lambda: one.poll() is not None)
    assert "mount" in one.ending["refused"]
    one.clear()
