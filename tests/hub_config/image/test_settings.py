"""What images tell Jupyter, as a real server and a real kernel understand it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets.config.loader import PyFileConfigLoader

from hub_config import defaults
from hub_config.image import settings, smoke


@pytest.fixture
def written(tmp_path, request):
    """The settings of one kind of image, and the variables by which Jupyter finds them here."""
    etc, share = tmp_path / "etc", tmp_path / "share"
    words = [request.param, "--etc", str(etc), "--share", str(share)]
    settings.main(words)
    home = tmp_path / "home"
    home.mkdir()
    return {
        "JUPYTER_CONFIG_PATH": str(etc),
        "JUPYTER_PATH": str(share),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "IPYTHONDIR": str(home / "ipython"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("written", ["gpu"], indirect=True)
def test_a_students_server_offers_the_kernels_and_no_formgrader(written):
    served = smoke.server(written)
    assert served.titles == ("Python (TensorFlow)", "Python (TensorFlow, GPU)")
    assert served.kernels == ("python3", "python3-cpu")
    assert (served.lab, served.assignments, served.proxy) == (True, True, True)
    assert not served.formgrader


@pytest.mark.slow
@pytest.mark.parametrize("written", ["grader"], indirect=True)
def test_the_instructors_server_has_formgrader(written):
    assert smoke.server(written).formgrader


@pytest.mark.slow
@pytest.mark.parametrize("written", ["gpu"], indirect=True)
@pytest.mark.parametrize("name", ["python3", "python3-cpu"])
def test_a_kernel_of_the_gpu_image_computes_and_only_one_may_see_the_gpu(
    written, name, monkeypatch
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for variable, value in written.items():
        monkeypatch.setenv(variable, value)
    computed = smoke.kernel(name)
    assert (computed.answer, computed.product) == (2, 256)
    assert computed.visible == ("" if name == "python3-cpu" else None)
    if name == "python3-cpu":
        assert (computed.gpus, computed.device) == (0, "CPU:0")


@pytest.mark.parametrize("kind", settings.KINDS)
def test_every_kernel_leaves_memory_of_the_gpu_to_others(kind):
    for name, content in settings.kernels(kind).items():
        assert content["env"]["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
        errors = (kind, name) == ("gpu", "python3")  # say why a GPU is not used
        assert content["env"]["TF_CPP_MIN_LOG_LEVEL"] == ("2" if errors else "3")
        assert content["metadata"] == defaults.kernel_settings(defaults.PRELOAD)["metadata"]


@pytest.mark.parametrize("written", ["cpu"], indirect=True)
def test_a_students_nbgrader_takes_name_and_course_from_the_hub(written, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setenv("DLEF_COURSE", "dlef-2027")
    folder = written["JUPYTER_CONFIG_PATH"]
    found = PyFileConfigLoader("nbgrader_config.py", path=folder).load_config()
    assert found == defaults.student_settings(
        "ada", course_id="dlef-2027", exchange="/srv/exchange"
    )


@pytest.mark.parametrize("written", ["cpu"], indirect=True)
def test_without_a_hub_there_is_no_course(written, monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    folder = written["JUPYTER_CONFIG_PATH"]
    assert PyFileConfigLoader("nbgrader_config.py", path=folder).load_config() == {}


@pytest.mark.parametrize("written", ["grader"], indirect=True)
def test_the_instructors_nbgrader_collects_from_all_boxes(written):
    folder = written["JUPYTER_CONFIG_PATH"]
    found = PyFileConfigLoader("nbgrader_config.py", path=folder).load_config()
    assert found == defaults.instructor_settings(
        exchange="/srv/boxes/instructor", boxes="/srv/boxes"
    )


def test_a_container_begins_with_the_lectures_and_becomes_its_command(tmp_path):
    show = "import os, sys; print(os.getpid(), sys.argv[1:])"
    command = [sys.executable, "-m", "hub_config.image.start", sys.executable, "-c", show, "a b"]
    env = {**os.environ, "HOME": str(tmp_path)}
    started = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    said, _ = started.communicate(timeout=60)
    assert said == f"{started.pid} ['a b']\n"  # the same process, so signals reach the command
    lecture = tmp_path / "lectures" / "day1_python_and_cloud.ipynb"
    assert json.loads(lecture.read_text())["nbformat"] == 4


def test_a_home_that_cannot_be_written_to_does_not_keep_a_container_from_starting(tmp_path):
    (tmp_path / "lectures").touch()
    command = [sys.executable, "-m", "hub_config.image.start", sys.executable, "-c", "print(1)"]
    env = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "1\n")


def test_no_file_is_written_twice_to_one_place(tmp_path):
    settings.write("gpu", etc=tmp_path / "etc", share=tmp_path / "share")
    found = {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*") if path.is_file()
    }
    assert found == {
        "etc/jupyter_server_config.json",
        "etc/labconfig/page_config.json",
        "etc/nbgrader_config.py",
        "share/kernels/python3/kernel.json",
        "share/kernels/python3-cpu/kernel.json",
    }
    assert Path(sys.executable).samefile(
        json.loads((tmp_path / "share/kernels/python3/kernel.json").read_text())["argv"][0]
    )
