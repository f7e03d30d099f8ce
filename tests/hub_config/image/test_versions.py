from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from hub_config.image import versions

LAPTOP = versions.read(versions.CHECKOUT / "constraints.txt")
TOOLS = {"pip", "setuptools", "wheel"}  # which `pip freeze` leaves out


@pytest.mark.parametrize("kind", versions.OVERRIDES)
def test_images_hold_the_laptops_versions_but_for_the_hubs_major(kind):
    pins = versions.pins(kind)
    changed = {name for name in LAPTOP if pins[name] != LAPTOP[name]}
    added = {name for name in pins.keys() - LAPTOP.keys() if not name.startswith("nvidia-")}
    assert changed == {"jupyterhub"}
    assert added <= TOOLS
    assert pins["jupyterhub"].split(".")[:2] == ["5", "5"]  # the chart's hub


def test_only_the_gpu_image_has_cuda_and_as_tensorflow_asks_for_it():
    cuda = {n: v for n, v in versions.pins("gpu").items() if n.startswith("nvidia-")}
    asked = [Requirement(line) for line in requires("tensorflow") or []]
    asked = [one for one in asked if one.marker and one.marker.evaluate({"extra": "and-cuda"})]
    wanted = {versions.canonical(one.name): one.specifier for one in asked}
    assert cuda.keys() == {name for name in wanted if name.startswith("nvidia-")}
    assert [name for name, version in cuda.items() if version not in wanted[name]] == []
    for kind in ("cpu", "grader"):
        assert not [name for name in versions.pins(kind) if name.startswith("nvidia-")]


def test_every_requirement_of_the_project_is_pinned_and_fits():
    pins = versions.pins("gpu")
    for line in versions.requirements():
        wanted = Requirement(line)
        assert pins[versions.canonical(wanted.name)] in wanted.specifier, line


def test_what_is_written_is_what_pip_reads_and_needs_nothing_installed(tmp_path):
    command = [sys.executable, "-I", "-S", "-c", _ALONE, str(versions.CHECKOUT), str(tmp_path)]
    subprocess.run(command, check=True)
    for kind in versions.OVERRIDES:
        assert versions.read(tmp_path / f"constraints-{kind}.txt") == versions.pins(kind)
    written = (tmp_path / "requirements.txt").read_text().splitlines()
    assert written == versions.requirements()


_ALONE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from hub_config.image import versions
versions.write(Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("numpy>=2\n", "Found 'numpy>=2' in line 1 of pins.txt, expected name==version; pin it."),
        ("# x\n\nnumpy\n", "Found 'numpy' in line 3"),
        ("numpy==2.*\n", "Found 'numpy==2.*' in line 1"),
        ("a_b==1\nA.B==2\n", "Found A.B again in line 2 of pins.txt, expected each package once"),
    ],
)
def test_a_file_that_leaves_a_version_open_is_refused(tmp_path, text, sentence):
    file = tmp_path / "pins.txt"
    file.write_text(text)
    with pytest.raises(versions.PinError) as refusal:
        versions.read(file)
    assert sentence in str(refusal.value)


def test_differences_are_said_one_by_one():
    expected = {"numpy": "2.4.6", "rich": "15.0.0", "developers-only": "1"}
    found = {"numpy": "2.4.5", "rich": "15.0.0", "dlef": "0.1.0", "stray": "3"}
    (different,) = versions.differences(expected, found, Path("constraints.txt"))
    assert different.startswith("Found numpy 2.4.5, expected 2.4.6 as constraints.txt says; pip")
    (stray,) = versions.unpinned(expected, found, Path("constraints.txt"))
    assert stray.startswith("Found stray 3, expected nothing that constraints.txt does not name")


def test_copies_that_other_packages_carry_are_not_what_is_installed(tmp_path, monkeypatch):
    for name in ("numpy", "vendored"):
        (tmp_path / f"{name}-0.1.dist-info").mkdir()
        metadata = tmp_path / f"{name}-0.1.dist-info" / "METADATA"
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert version("vendored") == "0.1"  # Python itself finds them
    found = versions.installed()
    assert "vendored" not in found
    assert found["numpy"] == LAPTOP["numpy"]
