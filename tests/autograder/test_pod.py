"""What the doctor says in a pod that does not allow the sandbox."""

import errno
import json

import pytest

from autograder import pod
from tests.autograder import pods

pytestmark = pytest.mark.sandbox

LACKING = (
    "import json, sys; sys.path.insert(0, sys.argv[1])\n"
    "from autograder import pod, sandbox\n"
    "print(json.dumps([sandbox.missing(), pod.lacking()]))"
)


def lacking(**pod_options):
    done = pods.run(["-c", LACKING, str(pods.ROOT)], **pod_options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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


DOCTOR = (
    "import sys; sys.path.insert(0, sys.argv[1])\n"
    "from autograder.cli import main\nsys.exit(main(['doctor']))"
)


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
    done = pods.run(["-c", DOCTOR, str(pods.ROOT)], env={"COLUMNS": "2000"}, **options)
    assert done.returncode == 1, done.stderr
    assert "Grading cannot start" in done.stdout
    for word in words:
        assert word in done.stdout
    assert "Docker" not in done.stdout


@pytest.mark.slow
def test_the_doctor_finds_a_pod_that_allows_the_sandbox_fit():
    done = pods.run(["-c", DOCTOR, str(pods.ROOT)], env={"COLUMNS": "2000"})
    assert "Grading can start." in done.stdout, done.stdout
