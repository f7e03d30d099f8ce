"""The Dockerfile, as Docker's own parser reads it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dockerfile
import pytest

from hub_config.image.settings import KINDS
from hub_config.machines.profiles import IMAGES

REPOSITORY = Path(__file__).parents[3]
FILE = REPOSITORY / "hub_config" / "image" / "Dockerfile"
TEXT = FILE.read_text()
ROOT = ("", "0", "root")


@dataclass
class Stage:
    name: str
    base: str
    commands: list[dockerfile.Command] = field(default_factory=list)

    def env(self) -> dict[str, str]:
        words = [w for c in self.commands if c.cmd.upper() == "ENV" for w in c.value]
        return dict(zip(words[::2], words[1::2], strict=True))


def parsed(text: str) -> tuple[dict[str, str], dict[str, Stage]]:
    """The arguments before the first stage, and the stages by name."""
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    for command in dockerfile.parse_string(text):
        if command.cmd.upper() == "FROM":
            base, _, name = command.value
            stages[name] = Stage(name, base)
        elif stages:
            list(stages.values())[-1].commands.append(command)
        else:
            name, _, value = command.value[0].partition("=")
            arguments[name] = value
    return arguments, stages


def final_user(stage: Stage, stages: dict[str, Stage]) -> str:
    users = [c.value[0].partition(":")[0] for c in stage.commands if c.cmd.upper() == "USER"]
    if users:
        return users[-1]
    return final_user(stages[stage.base], stages) if stage.base in stages else ""


def findings(text: str) -> Iterator[str]:
    """Everything in a Dockerfile that ours must not have."""
    arguments, stages = parsed(text)
    for name, value in arguments.items():
        if not re.fullmatch(r"[a-z.]+/[\w/-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", value):
            yield f"{name} is not pinned: {value}"
    for stage in stages.values():
        if stage.base not in stages and stage.base not in {f"${{{name}}}" for name in arguments}:
            yield f"{stage.name} is from {stage.base}, which no argument pins"
        if final_user(stage, stages) in ROOT:
            yield f"{stage.name} ends as root"
        for command in stage.commands:
            kind = command.cmd.upper()
            if kind == "ADD":
                yield f"{stage.name} adds"
            if kind == "COPY" and not any(flag.startswith("--from") for flag in command.flags):
                for source in command.value[:-1]:
                    if not (REPOSITORY / source).exists() or source in (".", "./"):
                        yield f"{stage.name} copies {source}"
            if kind == "RUN":
                yield from wrong_steps(stage.name, command.value[0])


def wrong_steps(stage: str, line: str) -> Iterator[str]:
    for step in re.split(r"&&|;|\|", line):
        if re.search(r"\bpip (install|wheel|download)\b", step) and "--constraint" not in step:
            yield f"{stage} lets pip choose versions"
        if re.search(r"\b(curl|wget|git clone)\b|https?://", step):
            yield f"{stage} loads something from the network"
    if "apt-get install" in line and "rm -rf /var/lib/apt/lists" not in line:
        yield f"{stage} keeps apt's lists"


def test_nothing_is_found_in_ours():
    assert list(findings(TEXT)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("python:3.11.14-slim-bookworm", "python:latest", "BASE is not pinned"),
        ("python:3.11.14-slim-bookworm", "python", "BASE is not pinned"),
        ("FROM ${BASE} AS system", "FROM debian:12 AS system", "which no argument pins"),
        ("WORKDIR /home/jovyan\nUSER 1000:100", "WORKDIR /home/jovyan", "system ends as root"),
        ("USER 1000:100\nENTRYPOINT", "ENTRYPOINT", "cpu ends as root"),
        ("COPY --chown=1000:100 course course", "COPY assignmants a", "copies assignmants"),
        ("COPY --chown=1000:100 course course", "COPY . .", "copies ."),
        ("COPY --chown=1000:100 course course", "ADD http://x/y /y", "adds"),
        ("RUN pip install --constraint /opt/dlef/constraints.txt", "RUN pip install", "pip choose"),
        ("rm -rf /var/lib/apt/lists/*", "true", "apt's lists"),
        ("git less tini \\", "git less tini && curl -O x \\", "from the network"),
    ],
)
def test_what_must_not_be_there_would_be_found(right, wrong, finding):
    assert right in TEXT
    assert finding in " ".join(findings(TEXT.replace(right, wrong)))


def test_hadolint_has_nothing_to_say():
    program = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert program, "hadolint is not installed: make setup"
    done = subprocess.run([program, "--no-color", FILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_each_kind_of_image_has_a_target_that_knows_its_kind():
    _, stages = parsed(TEXT)
    assert {name for name, stage in stages.items() if "DLEF_IMAGE" in stage.env()} == set(KINDS)
    for kind in KINDS:
        assert stages[kind].env()["DLEF_IMAGE"] == kind
        assert f"settings {kind} " in " ".join(c.original for c in stages[kind].commands)
        assert final_user(stages[kind], stages) == "1000"  # a number, for runAsNonRoot
    assert set(IMAGES) < set(KINDS)


def test_no_image_shows_gpus_to_who_did_not_ask_for_one():
    _, stages = parsed(TEXT)
    for stage in stages.values():
        assert "NVIDIA_VISIBLE_DEVICES" not in stage.env()
        assert "CUDA_VISIBLE_DEVICES" not in stage.env()


def test_labels_say_the_version_of_the_project():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    _, stages = parsed(TEXT)
    for kind in KINDS:
        arguments = [c.value[0] for c in stages[kind].commands if c.cmd.upper() == "ARG"]
        assert f"VERSION={version}" in arguments
        labels = " ".join(c.original for c in stages[kind].commands if c.cmd.upper() == "LABEL")
        assert 'org.opencontainers.image.version="${VERSION}"' in labels
        assert f'title="dlef-{kind}"' in labels


@pytest.mark.parametrize("kind", IMAGES)
def test_a_students_file_called_like_a_module_does_not_keep_a_container_from_starting(
    kind, tmp_path
):
    (tmp_path / "random.py").write_text("numbers = [4]")  # the home is the working folder
    _, stages = parsed(TEXT)
    (entry,) = (c.value for c in stages[kind].commands if c.cmd.upper() == "ENTRYPOINT")
    assert entry[:4] == ("tini", "-g", "--", "python")
    done = subprocess.run(
        [sys.executable, *entry[4:], sys.executable, "-c", "print(1)"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
