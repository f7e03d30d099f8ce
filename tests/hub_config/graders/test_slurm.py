"""Grading by Slurm's jobs: what they ask for, and that they grade.

Where a test needs Slurm, two small programs run the jobs that dask-jobqueue has written at once and
on this machine; all else is real.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dask
import pytest
import yaml

from autograder.dispatch import worker
from hub_config.graders import slurm
from hub_config.graders.kubernetes import slots
from hub_config.machines import profiles
from tests.autograder.building import alive, descendants, wait_for
from tests.hub_config.graders.conftest import DEEP, PLAIN, STUDENTS

HERE = Path(__file__).parent
EXAMPLE = Path(slurm.__file__).with_name("jobqueue.yaml")
COMMAND = [sys.executable, "-m", "hub_config.graders.slurm"]
ADDRESS = "tls://10.0.0.1:8786"


@pytest.fixture
def script(keys):
    """Return a function that gives the script of a profile's job: directives, and the command."""

    def script(name):
        (job,) = slurm.jobs(profiles.load(), {name: 1}, ADDRESS, keys)
        lines = job.job_script().splitlines()
        directives = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
        return directives, lines[-1].split()

    return script


@pytest.mark.parametrize("profile", profiles.load().profiles, ids=lambda one: one.name)
def test_a_job_asks_for_what_its_profile_has(script, profile):
    directives, command = script(profile.name)
    assert f"--cpus-per-task={profile.cpu}" in directives
    assert f"--mem={profile.memory_gib}G" in directives
    threads = worker.THREADS * slots(profile)
    assert command[command.index("--nthreads") + 1] == str(threads)
    gpus = [f"--gres=gpu:{profile.accelerator.count}"] if profile.accelerator else []
    assert [line for line in directives if "gpu:" in line] == gpus
    offers = command[command.index("--resources") + 1] if "--resources" in command else ""
    assert offers == (f"GPU={profile.accelerator.count}" if profile.accelerator else "")


def test_half_a_processor_is_one_for_slurm(keys):
    whole = profiles.load()
    half = replace(whole, profiles=(replace(whole.profiles[0], cpu=0.5),))
    (job,) = slurm.jobs(half, {half.profiles[0].name: 1}, ADDRESS, keys)
    assert "#SBATCH --cpus-per-task=1\n" in job.job_script()


def test_a_worker_is_one_process_with_the_keys(script, keys):
    _, command = script("cpu-large")
    assert command[:3] == [sys.executable, "-m", "distributed.cli.dask_worker"]
    assert command[3] == ADDRESS
    assert "--no-nanny" in command
    for option, name in (("ca-file", "ca.crt"), ("cert", "tls.crt"), ("key", "tls.key")):
        assert command[command.index(f"--tls-{option}") + 1] == str(keys / name)


def test_a_site_s_configuration_counts_and_that_of_a_profile_counts_more(script):
    example = yaml.safe_load(EXAMPLE.read_text())
    with dask.config.set(dask.config.merge(dask.config.config, example)):
        plain, _ = script("cpu-large")
        gpu, command = script("gpu-whole")
    assert "-p normal" in plain
    assert "-t 02:00:00" in plain
    assert "-p gpu" in gpu
    assert "-t 02:00:00" in gpu
    assert gpu.count("--gres=gpu:1") == 1
    assert "--resources" in command


def test_a_key_that_there_is_not_is_named(script):
    with (
        dask.config.set({"jobqueue.grading.cpu-large": {"qeue": "long"}}),
        pytest.raises(slurm.SlurmError, match=r"jobqueue\.grading\.cpu-large .*qeue"),
    ):
        script("cpu-large")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gpu-hole=1"], "there is no profile 'gpu-hole'; did you mean 'gpu-whole'?"),
        (["cpu-large=1"], "sbatch is not here; run this where jobs are submitted"),
    ],
)
def test_what_cannot_be_submitted_is_one_sentence(keys, tmp_path, words, said):
    env = {**os.environ, "PATH": str(tmp_path)}
    argv = [*COMMAND, keys, *words, "--host", "127.0.0.1", "--port", "0"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]


def test_keys_that_are_not_there_are_asked_for(tmp_path, capsys):
    assert slurm.main([str(tmp_path), "cpu-large=1", "--host", "127.0.0.1", "--port", "0"]) == 2
    assert f"python -m hub_config.graders.certificates {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["cpu-large", "cpu-large=0", "cpu-large=many"])
def test_how_many_must_be_a_number(keys, word, capsys):
    with pytest.raises(SystemExit):
        slurm.main([str(keys), word])
    assert f"'{word}' is not like cpu-large=4" in capsys.readouterr().err


@contextlib.contextmanager
def running(keys, *words, **env):
    """Start the command; give its process once it has said its address, and end it."""
    process = subprocess.Popen(
        [*COMMAND, keys, *words, "--host", "127.0.0.1", "--port", "0"],
        stdout=subprocess.PIPE,
        env={**os.environ, **env},
        text=True,
    )
    try:
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"tls://127\.0\.0\.1:\d+", address)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.fixture
def programs(tmp_path):
    """Return the variables with which jobs run here, and where their files lie."""
    programs, jobs = tmp_path / "programs", tmp_path / "jobs"
    for folder in (programs, jobs):
        folder.mkdir()
    for name in ("sbatch", "scancel"):
        shutil.copy(HERE / f"{name}.sh", programs / name)
        (programs / name).chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return {"PATH": path, "JOBS": str(jobs)}


@pytest.mark.slow
@pytest.mark.sandbox
def test_jobs_grade_what_their_machine_is_for(course, keys, programs):
    """And end with the command, as Slurm's do when they are cancelled."""
    course.wait_at_most(120)
    with running(keys, "cpu-small=2", "gpu-shared=1", **programs) as address:
        for assignment in (PLAIN, DEEP):
            status, out, err = course.grade(assignment, address)
            assert status == 0, (out, err, logs(programs))
            assert course.points(assignment) == dict.fromkeys(STUDENTS, 5)
        jobs = [int(line) for line in Path(programs["JOBS"], "started").read_text().split()]
        started = {pid for job in jobs for pid in (job, *descendants(job))}
        assert len(jobs) == 3 < len(started)
    wait_for(lambda: not alive(started))


def logs(programs):
    return "\n".join(path.read_text() for path in Path(programs["JOBS"]).glob("*.log"))
