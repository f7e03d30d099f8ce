import ast
import copy
import sys

import jsonschema
import pytest

from hub_config import defaults
from hub_config.kubernetes import helm_values, target
from tests.hub_config.kubernetes.pod import chart_file, filled, over_the_chart

LOGINS = ("oauth", "lti")


@pytest.fixture(params=[(name, login) for name in target.NAMES for login in LOGINS], ids="-".join)
def values(request, tmp_path):
    name, login = request.param
    return helm_values.values(target.load(str(filled(tmp_path, name, login))))


@pytest.fixture(scope="module")
def schema():
    return jsonschema.Draft7Validator(chart_file("values.schema.yaml"))


def complaints(schema, values):
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in schema.iter_errors(over_the_chart(values))
    ]


def test_every_target_is_what_the_chart_takes(schema, values):
    assert complaints(schema, values) == []


def sections(values, where=()):
    """Every mapping of the values whose keys are the chart's, as a path of keys."""
    free = {("custom",), ("hub", "config"), ("hub", "services"), ("hub", "extraFiles")}
    if where in free or where == ("hub", "extraConfig"):
        return
    yield where
    for key, value in values.items():
        if isinstance(value, dict):
            yield from sections(value, (*where, key))


def test_a_key_with_a_slip_of_the_pen_is_refused_wherever_it_is(schema, tmp_path):
    values = helm_values.values(target.load(str(filled(tmp_path))))
    # Kubernetes' own objects, which the chart hands on as they are.
    loose = ("resources", "requests", "limits", "nodeSelector")
    tried = 0
    for where in sections(values):
        if where and where[-1] in loose:
            continue
        for key in values if not where else _at(values, where):
            wrong = copy.deepcopy(values)
            section = _at(wrong, where)
            section[f"{key}x"] = section.pop(key)
            assert complaints(schema, wrong), ".".join((*where, key))
            tried += 1
    assert tried > 60


def _at(values, where):
    for key in where:
        values = values[key]
    return values


def test_images_culling_and_formgrader_come_from_where_they_are_said_once(values):
    assert values["singleuser"]["image"] == {"name": "registry.econ.ch/dlef-cpu", "tag": "0.1.0"}
    assert values["cull"]["timeout"] == defaults.SERVER_IDLE_S
    assert values["cull"]["every"] == defaults.CULL_EVERY_S
    assert values["hub"]["services"]["formgrader"]["url"] == "http://formgrader:8888"


def test_what_is_derived_gives_way_to_an_operator_and_our_code_does_not(tmp_path):
    mine = {"00-dlef": "", "90-mine": "c.JupyterHub.log_level = 10\n"}
    path = filled(tmp_path, cull={"timeout": 60}, hub={"extraConfig": mine})
    values = helm_values.values(target.load(str(path)))
    assert values["cull"] == {"enabled": True, "timeout": 60, "every": defaults.CULL_EVERY_S}
    assert values["hub"]["extraConfig"] == {**mine, "00-dlef": helm_values.CALL}


def test_an_image_by_its_digest_is_named_as_the_chart_joins_it(tmp_path):
    digest = f"r/dlef-cpu@sha256:{64 * 'a'}"
    path = filled(tmp_path, custom={"images": {"cpu": digest}})
    image = helm_values.values(target.load(str(path)))["singleuser"]["image"]
    assert f"{image['name']}:{image['tag']}" == digest


def test_the_pod_gets_files_that_need_nothing_but_what_the_hubs_image_has(values):
    there = {"hub_config", "jupyterhub", "kubespawner", "tornado", "traitlets"}
    there.update(sys.stdlib_module_names)
    files = values["hub"]["extraFiles"]
    assert "dlef.hub_config.kubernetes.pod_config.py" in files
    for name, file in files.items():
        assert file["stringData"].strip()  # the chart refuses an empty one
        assert not file["stringData"][0].isspace()  # it stands in a block of YAML
        if not name.endswith(".py"):
            continue
        tree = ast.parse(file["stringData"])
        # What writes an instructor's files is not called in the pod.
        tree.body = [one for one in tree.body if getattr(one, "name", "") != "instructor_settings"]
        for node in ast.walk(tree):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert {one.partition(".")[0] for one in names} <= there, name


def test_a_targets_own_machines_reach_the_pod(tmp_path):
    text = (target.FOLDER.parent / "profiles.toml").read_text().replace("CHF", "EUR")
    (tmp_path / "mine.toml").write_text(text)
    path = filled(tmp_path, custom={"profiles": "mine.toml"})
    files = helm_values.values(target.load(str(path)))["hub"]["extraFiles"]
    assert files["dlef.hub_config.profiles.toml"]["stringData"] == text
