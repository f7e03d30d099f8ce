"""From the syllabus and the profiles to the worker that grades: all of it, with real processes.

The scheduler and the workers are started by the commands and variables of the Kubernetes objects,
with what a cluster would put in the place of names: addresses, ports and the keys' directory.
"""

import contextlib
from types import SimpleNamespace

import pytest
from distributed import Client
from distributed.security import Security

from hub_config.graders import kubernetes
from hub_config.machines import profiles
from tests.autograder.clusters import dask
from tests.hub_config.graders.conftest import DEEP, PLAIN, STUDENTS

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

FULL = dict.fromkeys(STUDENTS, 5)
MADE = kubernetes.manifests({"custom": {"images": {"grader": "a:1"}}}, profiles.load())


@contextlib.contextmanager
def pod(name, keys, place, address="", shows="Registered to"):
    """Run the container of a Deployment here; give what it writes."""
    (deployment,) = [
        one
        for one in MADE
        if one["kind"] == "Deployment" and one["metadata"]["name"] == f"grading-{name}"
    ]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    here = {
        kubernetes.ADDRESS: address,
        "$(POD)": f"{name}-0",
        str(kubernetes.SCHEDULER_PORT): "0",
        str(kubernetes.WORKER_PORT): "0",
        "/tmp": str(place),
    }
    program, *words = [here.get(word, word) for word in container["command"]]
    assert program == "dask"
    env = {
        one["name"]: one["value"].replace(kubernetes.KEYS, str(keys))
        for one in container["env"]
        if "TLS" in one["name"] or "ENCRYPTION" in one["name"]
    }
    with dask(*words, "--host", "127.0.0.1", env=env) as lines:
        lines.wait_for(shows)
        yield lines


#: What a worker executes of an assignment: the author's solution and the release go first.
EXECUTED = 2 + len(STUDENTS)


@pytest.fixture
def cluster(keys, tmp_path):
    """Return the address of a scheduler with a worker that has no GPU, and how to start another."""
    with contextlib.ExitStack() as running:
        lines = running.enter_context(
            pod("scheduler", keys, tmp_path, shows=r"Scheduler at: +tls://\S+")
        )
        address = lines.wait_for(r"Scheduler at: +(\S+)")[1]

        def start(name):
            place = tmp_path / name
            place.mkdir()
            return running.enter_context(pod(name, keys, place, address))

        start("cpu-small")
        yield SimpleNamespace(address=address, start=start)


def graded_by(address, keys):
    """Return how many submissions each worker has executed, by its name."""
    files = {"tls_client_cert": str(keys / "tls.crt"), "tls_client_key": str(keys / "tls.key")}
    security = Security(tls_ca_file=str(keys / "ca.crt"), require_encryption=True, **files)

    def executed(dask_worker):
        return dask_worker.name, dask_worker.state.executed_count

    with Client(address, security=security, set_as_default=False) as client:
        return dict(client.run(executed).values())


def test_what_asks_for_a_gpu_waits_for_one_while_others_are_graded(course, cluster):
    course.wait_at_most(300)
    waiting = course.start(DEEP, cluster.address)
    try:
        said = next(line for line in waiting.stderr if "waits for" in line)
        assert f"'{DEEP}' waits for a worker of {cluster.address} that offers GPU=1, 300 s" in said
        assert "offers nothing" in said

        status, out, err = course.grade(PLAIN, cluster.address)
        assert status == 0, (out, err)
        assert course.points(PLAIN) == FULL
        assert waiting.poll() is None
        assert course.points(DEEP) == {}
        assert graded_by(cluster.address, course.keys) == {"cpu-small-0": EXECUTED}

        cluster.start("gpu-shared")
        out, err = waiting.communicate(timeout=300)
        assert waiting.returncode == 0, (out, err)
    finally:
        waiting.kill()
        waiting.communicate()
    assert course.points(DEEP) == FULL
    assert graded_by(cluster.address, course.keys) == {
        "cpu-small-0": EXECUTED,
        "gpu-shared-0": EXECUTED,
    }


def test_a_gpu_that_does_not_come_in_time_is_a_reason_and_no_grade(course, cluster):
    course.wait_at_most(3)
    status, out, err = course.grade(DEEP, cluster.address)
    assert (status, out) == (2, "")
    assert f"'{DEEP}' waits for a worker" in err
    last = err.splitlines()[-1]
    assert f"can grade '{DEEP}', which asks for GPU=1 (waited 3 s;" in last
    assert "Start one with `dask worker ADDRESS --resources GPU=1`" in last
    assert course.points(DEEP) == {}


def test_a_gpu_worker_grades_what_needs_none_as_well(course, cluster):
    cluster.start("gpu-whole")
    status, out, err = course.grade(PLAIN, cluster.address)
    assert status == 0, (out, err)
    assert course.points(PLAIN) == FULL
