"""Says what Kubernetes, the chart's code or KubeSpawner would refuse of a target.

They are asked where an operator can mend it: first the values themselves, then the pods of servers
that come of them, then our own objects, and at last what Helm makes of the chart, where both are at
hand. What one of them has named is not named again by those after it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hub_config.check import api, mounts, places, server_pod
from hub_config.check.findings import Finding, new
from hub_config.kubernetes import helm_values, manifests
from hub_config.kubernetes.required import placeholders
from hub_config.kubernetes.target import Target


def problems(
    values: Mapping[str, Any],
    target: Target | None,
    chart: Path | None = None,
    *,
    others: bool = False,
) -> list[Finding]:
    """Say what would be refused, by the API server or before it.

    Parameters
    ----------
    values : mapping
        All of a target's files.
    target : Target or None
        The same, where our own settings and the profiles can be read.
    chart : Path, optional
        The chart's folder.
    others : bool
        Whether anything else is wrong, which may keep pods from being made.
    """
    found = list(filter(_written, [*places.problems(values), *mounts.problems(values)]))
    if target is None:
        return found
    for asked in (_pods, _objects, _by_helm):
        try:
            more = asked(target, chart)
        except server_pod.REFUSALS as error:
            words = f"{type(error).__name__}: {error}"
            do = "correct the value that these words are about"
            more = [Finding((), words, server_pod.NO_POD, do, "what comes of the values")]
        more = list(filter(_written, more))
        if found or others:  # what keeps it from being made has been named
            more = [one for one in more if one.rule != server_pod.NO_POD]
        found += new(more, found)
    return found


def judge(one: Mapping[str, Any]) -> list[Finding]:
    """Say what the API server would refuse of a whole object.

    Parameters
    ----------
    one : mapping
        With its kind and name.
    """
    kind, name = str(one.get("kind")), (one.get("metadata") or {}).get("name")
    if not api.known(kind):
        return []
    return [each.below(within=f"{kind} {name}") for each in api.problems(one, api.of(kind))]


def rendered(target: Target, chart: Path) -> list[dict[str, Any]]:
    """Return the objects that Helm makes of the chart and a target.

    Parameters
    ----------
    target : Target
        With which the hub may start.
    chart : Path
        The chart's folder.

    Raises
    ------
    ValueError
        With Helm's own words, where it refuses.
    """
    words = ["helm", "template", target.custom.release, str(chart), "--values", "-"]
    text = yaml.safe_dump(helm_values.values(target))
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def _written(one: Finding) -> bool:
    """Whether an operator wrote it: what waits for one is named elsewhere."""
    return not (isinstance(one.found, str) and placeholders({"": one.found}))


def _pods(target: Target, chart: Path | None) -> list[Finding]:
    text = (chart / "values.yaml").read_text(encoding="utf-8") if chart else ""
    defaults = yaml.safe_load(text) if text else None
    return server_pod.problems(target, defaults)


def _objects(target: Target, chart: Path | None) -> list[Finding]:
    return [each for one in manifests.manifests(target) for each in judge(one)]


def _by_helm(target: Target, chart: Path | None) -> list[Finding]:
    if chart is None or not (chart / "Chart.yaml").is_file() or not shutil.which("helm"):
        return []
    return [each for one in rendered(target, chart) for each in judge(one)]
