import asyncio
import socket

import pytest

from autograder.execute.judge_client import JudgeGoneError, Judging
from autograder.execute.process import Process
from autograder.wire import Channel
from tests.autograder.building import alive, descendants, job, wait_for

pytestmark = pytest.mark.sandbox


def with_judge(zygote, scenario, **options):
    """Run a scenario with a judge whose student never was."""

    async def whole():
        ours, theirs = socket.socketpair()
        judging = Judging(zygote, job(**options), theirs, Process(zygote, "student", job(), []))
        try:
            await judging.start()
            theirs.close()
            judging.begin()
            return await scenario(judging, ours)
        finally:
            ours.close()
            theirs.close()
            await judging.stop()

    return asyncio.run(whole())


def test_a_judge_runs_cells_and_answers(zygote):
    async def scenario(judging, wire):
        first = await judging.run("one", "import numpy as np\nx = 3", locked=True)
        second = await judging.run("two", "print('seen')\nx / 4", locked=False)
        third = await judging.run("three", "assert x == 4, 'four'", locked=False)
        return first, second, third

    first, second, third = with_judge(zygote, scenario)
    assert [answer["verdict"] for answer in (first, second, third)] == ["pass", "pass", "fail"]
    assert second["points"] == "0.75"
    assert second["stdout"] == "seen\n"
    assert third["message"] == "four"
    assert "points" not in third


def test_a_judge_asks_its_student_for_what_it_lacks_and_nothing_else(zygote):
    async def scenario(judging, wire):
        asked = []

        def answer():
            channel = Channel(wire)
            head, _ = channel.receive()
            asked.append(head)
            wire.shutdown(2)

        answering = asyncio.create_task(asyncio.to_thread(answer))
        said = await judging.run(
            "one",
            "import math\nsecret = 3\ndef f():\n    return secret\nmodel(math.pi)",
            locked=False,
        )
        await answering
        return asked, said

    (head,), said = with_judge(zygote, scenario)
    assert head["op"] == "names"
    assert "model" in str(head["value"])
    assert "secret" not in str(head)
    assert said["gone"] is True
    assert said["message"] == "The student's process has ended."


def test_a_judge_that_ends_is_gone(zygote):
    async def scenario(judging, wire):
        with pytest.raises(JudgeGoneError):
            await judging.run("one", "import os\nos._exit(3)", locked=False)
        with pytest.raises(JudgeGoneError):
            await judging.run("two", "1", locked=False)
        wait_for(lambda: judging.process.poll() is not None)
        return judging.process.ending["exit"]

    assert with_judge(zygote, scenario) == 3


def test_a_stopped_judge_leaves_no_process_and_no_file(zygote):
    before = descendants(zygote._process.pid)

    async def scenario(judging, wire):
        assert (await judging.run("one", "1", locked=False))["verdict"] == "pass"
        return descendants(zygote._process.pid) - before, judging.process.directory

    mine, directory = with_judge(zygote, scenario)
    assert len(mine) >= 3  # supervisor, init, judge
    wait_for(lambda: not alive(mine))
    assert not directory.exists()


def test_what_an_answer_holds_can_be_written_to_a_file(zygote):
    async def scenario(judging, wire):
        shown = await judging.run("one", "print('x\\ud800')\n'\\udfff'", locked=False)
        failed = await judging.run("two", "raise ValueError('\\ud800')", locked=False)
        return shown, failed

    shown, failed = with_judge(zygote, scenario)
    assert shown["stdout"] == "x\ufffd\n"
    assert failed["message"] == "ValueError: \ufffd"
    assert "".join(failed["traceback"]).encode()
