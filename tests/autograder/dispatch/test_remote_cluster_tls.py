"""A scheduler with TLS: who has its keys grades there, and nobody else."""

import os
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.doctor.checks import examine
from hub_config.graders import certificates
from tests.autograder.building import scores, submit
from tests.autograder.clusters import SCRIPTS, dask, scheduler, worker

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Return the directory of a cluster's keys, and that of another's."""
    both = [tmp_path_factory.mktemp(name) / "keys" for name in ("ours", "others")]
    for folder in both:
        assert certificates.main([str(folder)]) == 0
    return both


def configured(folder):
    return {"DASK_CONFIG": str(folder / "dask.yaml")}


@pytest.fixture(scope="module")
def cluster(keys, tmp_path_factory):
    """Return the address of a scheduler with two workers, of which each one has the keys."""
    ours = configured(keys[0])
    with ExitStack() as running:
        address = running.enter_context(scheduler("--protocol", "tls", env=ours))
        for name in ("one", "two"):
            place = tmp_path_factory.mktemp(name)
            running.enter_context(worker(address, place, "--name", name, env=ours))
        yield address


def grade(root, address, env):
    """Type the command; return its status, what it prints and what it complains of."""
    done = subprocess.run(
        [SCRIPTS / "autograder", "grade", "ps1", "--scheduler", address],
        cwd=root,
        env={**os.environ, "COLUMNS": "300", **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_who_has_the_keys_grades(cluster, keys, root):
    assert cluster.startswith("tls://")
    for name in ("ada", "ben", "cem"):
        submit(root, name)
    submit(root, "dot", {})
    status, out, err = grade(root, cluster, configured(keys[0]))
    assert status == 0, (out, err)
    for name in ("ada", "ben", "cem"):
        assert scores(root, name) == {"test_double": 2, "test_mean": 3, "explain": None}
    assert scores(root, "dot")["test_double"] == scores(root, "dot")["test_mean"] == 0


def test_variables_do_as_well_as_a_file(cluster, keys, root):
    submit(root, "ada")
    status, out, err = grade(root, cluster, certificates.environment(str(keys[0]), "client"))
    assert status == 0, (out, err)


def refused(cluster, root, env):
    submit(root, "ada")
    status, out, err = grade(root, cluster, env)
    assert (status, out) == (2, "")
    (line,) = err.strip().splitlines()
    assert line.startswith("autograder: ")
    assert "DASK_CONFIG" in line  # what to do
    return line


def test_who_has_no_keys_is_told_what_is_missing(cluster, root):
    said = refused(cluster, root, {})
    assert f"A Dask scheduler with TLS, as at {cluster}, is told by its keys who may" in said


def test_who_has_other_keys_is_told_that_they_are_of_another_cluster(cluster, keys, root):
    said = refused(cluster, root, configured(keys[1]))
    assert f"{keys[1]}/ca.crt does not vouch for" in said


def test_a_certificate_of_another_authority_is_not_accepted(cluster, keys, root):
    env = certificates.environment(str(keys[1]), "client")
    env["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] = str(keys[0] / "ca.crt")
    assert f"does not accept our certificate {keys[1]}/tls.crt" in refused(cluster, root, env)


@contextmanager
def hanging_up(folder, *, rudely):
    """Be a server that ends connections as soon as keys are exchanged; give its address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            if rudely:  # the other side reads of a reset, not of an end
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with suppress(OSError), context.wrap_socket(connection, server_side=True):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"tls://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("rudely", [False, True])
def test_the_end_of_a_connection_may_overtake_the_alert(keys, root, rudely):
    with hanging_up(keys[0], rudely=rudely) as address:
        said = refused(address, root, configured(keys[0]))
    assert "hangs up while keys are exchanged" in said
    assert (
        f"If it is a Dask scheduler, it does not accept our certificate {keys[0]}/tls.crt" in said
    )


def test_a_certificate_that_has_expired_is_not_accepted(cluster, keys, root, tmp_path):
    """By us, of the scheduler: what is sent to it would be for anybody to read."""
    old = tmp_path / "old"
    certificates.make(old, days=1, begin=datetime.now(UTC) - timedelta(days=3))
    with scheduler("--protocol", "tls", env=configured(old)) as address:
        said = refused(address, root, configured(old))
    assert "certificate has expired" in said


def test_keys_that_are_not_there_are_named(cluster, root, tmp_path):
    said = refused(cluster, root, certificates.environment(str(tmp_path / "keys"), "client"))
    assert f"{tmp_path}/keys/tls.key (No such file or directory)" in said


def test_who_forgets_tls_is_reminded(cluster, root):
    address = cluster.replace("tls://", "tcp://")
    assert "its address begins with tls://" in refused(address, root, {})


def test_who_has_keys_does_not_fall_back_to_a_connection_without(keys, root):
    submit(root, "ada")
    with scheduler() as address:
        status, _, err = grade(root, address, configured(keys[0]))
    assert status == 2
    assert "forbids connections without TLS" in err


@pytest.mark.parametrize("whose", [None, 1])
def test_a_worker_without_the_keys_cannot_join(cluster, keys, tmp_path, whose):
    env = {} if whose is None else configured(keys[whose])
    words = ("worker", cluster, "--no-nanny", "--no-dashboard", "--death-timeout", "3")
    with dask(*words, "--local-directory", str(tmp_path), env=env) as lines:
        assert lines.process.wait(60) != 0
    assert "Registered to" not in lines.text


def test_the_doctor_asks_for_the_keys_rather_than_for_a_scheduler(cluster, root):
    (engine,) = [fact for fact in examine(root, scheduler=cluster) if fact.name == "engine"]
    assert not engine.available
    assert engine.remedy == "Give Dask the keys of that cluster; whoever runs it has them."


def test_the_keys_are_for_their_owner_alone_and_are_not_overwritten(keys, capsys):
    for path in keys[0].iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    before = {path: path.read_bytes() for path in keys[0].iterdir()}
    assert certificates.main([str(keys[0])]) == 2
    assert "holds ca.crt, tls.crt, tls.key, dask.yaml already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in keys[0].iterdir()} == before


def test_no_key_that_signs_others_is_left(keys):
    assert {path.name for path in keys[0].iterdir()} == {
        "ca.crt",
        "tls.crt",
        "tls.key",
        "dask.yaml",
    }
    assert Path(keys[0], "tls.key").read_text().count("BEGIN PRIVATE KEY") == 1
