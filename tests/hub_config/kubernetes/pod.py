"""A target as an operator fills it in, and what the hub's pod makes of it."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from hub_config.kubernetes import helm_values, target

ROOT = Path(__file__).parents[3]
#: The chart's files, which are not ours to hand on.
CHART = Path(os.environ.get("Z2JH_CHART", ROOT.parent / "shared" / "z2jh"))
ANSWERS = {
    "[CHANGE_ME]": "[ada]",  # instructors
    "contactEmail: CHANGE_ME": "contactEmail: ada@econ.ch",
    "staging.CHANGE_ME": "staging.hub.econ.ch",
    "CHANGE_ME/dlef": "registry.econ.ch/dlef",
}
LOGINS = {
    "oauth": {
        'allowed_organizations: ["CHANGE_ME"]': 'allowed_organizations: ["econ"]',
        "https://CHANGE_ME": "https://hub.econ.ch",
        "CHANGE_ME": "k7qf2mzt9xwpahn4",
        "provider_groups: {}": 'provider_groups: {"econ:teachers": instructors}',
    },
    "lti": {
        "https://CHANGE_ME": "https://moodle.econ.ch",
        "context: CHANGE_ME": 'context: "4711"',
        "CHANGE_ME": "k7qf2mzt9xwpahn4",
    },
}


def filled(folder, name="production", login="oauth", **more):
    """Write a target as an operator would, and return its path; ``more`` is laid over it."""
    text = (target.FOLDER / f"{name}.yaml").read_text()
    for old, new in {**ANSWERS, "hosts: [ada]": "hosts: [hub.econ.ch]"}.items():
        text = text.replace(old, new)
    values = target.merge(yaml.safe_load(text), more)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values))
    if login:
        secrets = (target.FOLDER / f"{login}.example.yaml").read_text()
        for old, new in LOGINS[login].items():
            assert old in secrets
            secrets = secrets.replace(old, new)
        (folder / f"{name}.secrets.yaml").write_text(secrets)
    return path


def chart_file(name):
    """Read one of the chart's files, or skip with a sentence that says where it comes from."""
    path = CHART / name
    if not path.exists():
        pytest.skip(
            f"found no {path}, expected the chart jupyterhub 4.4.0 there: `helm pull jupyterhub "
            "--repo https://hub.jupyter.org/helm-chart --version 4.4.0 --untar`, and name the "
            "folder in Z2JH_CHART"
        )
    return yaml.safe_load(path.read_text())


def over_the_chart(values):
    """Lay values over the chart's own, as Helm does."""
    return target.merge(chart_file("values.yaml"), values)


def without_nulls(values):
    """Leave out what is null, as Helm does before it hands the values to the hub."""
    if not isinstance(values, dict):
        return values
    return {key: without_nulls(value) for key, value in values.items() if value is not None}


def in_the_pod(folder, values, *, python=sys.executable, site=(), **job):
    """Write what `hub.extraFiles` carries, and run the hub's configuration far from here."""
    words, text = prepared(folder, values, python=python, site=site, **job)
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, cwd=folder, env=environment(folder)
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def prepared(folder, values, *, python=sys.executable, site=(), chart=None, **job):
    """Write what `hub.extraFiles` carries; return the command of the hub's pod, and its input."""
    for file in values["hub"]["extraFiles"].values():
        path = folder / Path(file["mountPath"]).relative_to(helm_values.MOUNT)
        path.parent.mkdir(parents=True, exist_ok=True)
        # The chart refuses an empty file, and ends each with one line feed.
        assert file["stringData"]
        path.write_text(file["stringData"].removesuffix("\n") + "\n")
    release = {"Chart": {"Name": "jupyterhub", "Version": "4.4.0"}, "Release": {"Name": "dlef"}}
    values = without_nulls({**values, **release})
    job = {"values": values, "folder": str(folder), "chart": chart and str(chart), **job}
    packages = [*map(str, site), sysconfig.get_paths()["purelib"]]
    script = str(Path(__file__).with_name("in_the_pod.py"))
    return [python, "-I", "-S", script, *packages], json.dumps(job)


def environment(folder):
    """Return variables for the hub's pod: none of ours."""
    return {"PATH": os.defpath, "HOME": str(folder)}
