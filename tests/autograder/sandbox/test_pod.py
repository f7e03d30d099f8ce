"""What the doctor says in a pod that does not allow the sandbox."""

import errno
import json

import pytest

from autograder.dispatch.engine import Engine
from autograder.model import AutograderError, Verdict
from autograder.sandbox import pod
from autograder.settings import Autograder
from tests.autograder import pods
from tests.autograder.building import ended, job
from tests.autograder.clusters import scheduler

pytestmark = pytest.mark.sandbox

LACKING = (
    "import json; from autograder.sandbox import pod, bubblewrap\n"
    "print(json.dumps([bubblewrap.missing(), pod.lacking()]))"
)


def lacking(**pod_options):
    status, out, err = pods.run(["-c", LACKING], **pod_options)
    assert status == 0, err
    return json.loads(out)


def test_a_pod_that_allows_everything_lacks_nothing():
    assert lacking() == ["", []]


@pytest.mark.parametrize(
    ("options", "sentences"),
    [
        ({"filtered": True}, [pod.SECCOMP]),
        ({"masked": True}, [pod.PROC]),
        ({"filtered": True, "masked": True}, [pod.SECCOMP, pod.PROC]),
        ({"exhausted": True}, [pod.NODE]),
    ],
)
def test_each_setting_that_is_missing_is_named(options, sentences):
    reason, found = lacking(**options)
    assert reason
    assert found == [f"{sentence}." for sentence in sentences]


def test_a_profile_of_apparmor_is_named(monkeypatch, tmp_path):
    """This kernel may have no AppArmor: what its profile does is what its authors say."""
    label = tmp_path / "current"
    label.write_text("cri-containerd.apparmor.d (enforce)\n")
    path = pod.Path
    monkeypatch.setattr(
        pod, "Path", lambda name: label if str(name).endswith("attr/current") else path(name)
    )
    said = json.dumps(["mount", errno.EACCES])
    monkeypatch.setattr(
        pod.subprocess, "run", lambda *_, **__: pod.subprocess.CompletedProcess([], 0, said, "")
    )
    assert "cri-containerd.apparmor.d" in " ".join(pod.lacking())


def test_steps_that_cannot_be_tried_hide_no_other_error(monkeypatch):
    def slow(command, *, timeout, **_):
        raise pod.subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(pod.subprocess, "run", slow)
    assert pod.lacking() == []


DOCTOR = "import sys; from autograder.cli import main; sys.exit(main(['doctor']))"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filtered": True}, ["seccompProfile: {type: Unconfined}", "securityContext"]),
        ({"masked": True}, ["procMount: Unmasked", "hostUsers: false"]),
        ({"exhausted": True}, ["user.max_user_namespaces=10000"]),
    ],
)
def test_the_doctor_says_what_to_write(options, words):
    status, out, err = pods.run(["-c", DOCTOR], env={"COLUMNS": "2000"}, **options)
    assert status == 1, err
    assert "Grading cannot start" in out
    for word in words:
        assert word in out
    assert "Docker" not in out


@pytest.mark.slow
def test_the_doctor_finds_a_pod_that_allows_the_sandbox_fit():
    status, out, err = pods.run(["-c", DOCTOR], env={"COLUMNS": "2000"})
    assert status == 0, (out, err)
    assert "Grading can start." in out


WORKER = ("-m", "distributed.cli.dask_worker", "--no-nanny", "--no-dashboard", "--nthreads", "1")


@pytest.mark.slow
def test_who_grades_is_told_what_a_worker_s_pod_lacks():
    with (
        scheduler() as address,
        pods.started([*WORKER, address, "--host", "127.0.0.1"], filtered=True, network=True),
        Engine(Autograder(preload=[], scheduler=address)) as engine,
        pytest.raises(AutograderError) as caught,
    ):
        next(engine.run([job("1")]))
    said = str(caught.value)
    assert f"a worker of {address}, cannot grade; `autograder doctor` there" in said
    assert "No sandbox" in said
    assert "seccompProfile: {type: Unconfined}" in said


@pytest.mark.slow
def test_a_worker_in_a_pod_that_allows_the_sandbox_grades():
    with (
        scheduler() as address,
        pods.started([*WORKER, address, "--host", "127.0.0.1"], network=True),
        Engine(Autograder(preload=[], scheduler=address)) as engine,
    ):
        assert ended(next(engine.run([job("1")]))).verdicts == [Verdict.PASS]
