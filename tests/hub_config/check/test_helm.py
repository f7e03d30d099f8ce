"""What Helm itself makes of the chart and our values is what the API server takes."""

import shutil

import pytest
import yaml

from hub_config.check import cluster
from hub_config.check import target as check_target
from hub_config.kubernetes import target
from tests.hub_config import targets
from tests.hub_config.check.test_right import REAL, written
from tests.hub_config.kubernetes.pod import CHART

WHOLE = (CHART / "Chart.yaml").is_file() and (CHART / "templates").is_dir()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not WHOLE or not shutil.which("helm"),
        reason="needs `helm` on the PATH and the whole chart in the folder that Z2JH_CHART names "
        "(hub_config/README.md says where both come from)",
    ),
]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_the_objects_of_a_real_target_are_right(path, tmp_path):
    loaded = target.load(str(written(path, tmp_path)))
    objects = cluster.rendered(loaded, CHART)
    kinds = {one["kind"] for one in objects}
    assert {"Deployment", "Service", "Secret", "ConfigMap", "NetworkPolicy", "Role"} <= kinds
    assert [str(fault) for one in objects for fault in cluster.judge(one)] == []


@pytest.mark.parametrize("name", target.NAMES)
def test_our_own_targets_are_right(name, tmp_path):
    path = targets.write(tmp_path, name)
    assert check_target.check(str(path), chart=CHART) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # Past what the check knows of the chart: only what is rendered shows it.
        ("proxy: {traefik: {extraPorts: [{name: http, containerPort: 80}]}}", "another port with"),
        ("hub: {extraContainers: [{name: hub, image: 'a:1'}]}", "there is a container of that"),
    ],
)
def test_what_only_the_rendered_objects_show_is_named(change, words, tmp_path):
    written = targets.write(tmp_path, over=yaml.safe_dump(yaml.safe_load(change)))
    found = check_target.check(str(written), chart=CHART)
    assert found
    assert all(words in one for one in found)
