import json

import kubernetes_validate
import pytest
import yaml

from hub_config.kubernetes import helm_values, target
from hub_config.machines import profiles
from hub_config.machines.quantities import GIB, parse
from tests.hub_config.kubernetes.pod import filled

FOUND = profiles.load()
WARM = {
    "schedule": "15 8 * * 1-6",
    "time_zone": "Europe/Zurich",
    "minutes": 75,
    "seats": {profile.name: 3 for profile in FOUND.profiles},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every object of a target that has one seat of each kind kept warm."""
    more = {"custom": {"warm": WARM}, "imagePullSecrets": ["registry"]}
    path = filled(tmp_path_factory.mktemp("target"), **more)
    return helm_values.manifests(target.load(str(path)))


def pods(made):
    """Every pod that the objects lead to, by kind and name."""
    for one in made:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield f"{one['kind']} {one['metadata']['name']}", spec["template"]


def named(made, kind, name):
    (found,) = (one for one in made if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


@pytest.mark.parametrize("name", target.NAMES)
def test_kubernetes_takes_every_object(tmp_path, name):
    for one in helm_values.manifests(target.load(str(filled(tmp_path, name)))):
        kubernetes_validate.validate(one, "1.32", strict=True)


def test_kubernetes_takes_warm_seats_of_every_profile(made):
    for one in made:
        kubernetes_validate.validate(one, "1.32", strict=True)


def test_no_name_is_given_twice(made):
    names = [(one["kind"], one["metadata"]["name"]) for one in made]
    assert len(names) == len(set(names))


def test_no_pod_has_a_token_or_more_than_it_needs(made):
    found = dict(pods(made))
    assert len(found) > 8
    for name, template in found.items():
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["imagePullSecrets"] == [{"name": "registry"}], name
        for container in spec["containers"]:
            context = {**spec.get("securityContext", {}), **container["securityContext"]}
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"]["drop"] == ["ALL"], name
            assert container["resources"]["limits"]["memory"], name
            root = name == "Job dlef-prepare"
            assert context["runAsUser"] == (0 if root else 1000), name
            assert context.get("runAsNonRoot") == (None if root else True), name


def test_every_pod_has_its_nodes(made):
    """Without, it could keep a GPU's node from being given back."""
    pools = {name: one["spec"]["nodeSelector"]["dlef/pool"] for name, one in pods(made)}
    always = {"Job dlef-prepare", "Deployment formgrader", "Deployment grading-scheduler"}
    assert {name for name, pool in pools.items() if pool == "core"} == always


def test_only_formgrader_knows_a_secret_and_it_is_the_charts(made):
    text = {name: json.dumps(template) for name, template in pods(made)}
    knowing = [name for name, one in text.items() if "secretKeyRef" in one]
    assert knowing == ["Deployment formgrader"]
    (container,) = dict(pods(made))["Deployment formgrader"]["spec"]["containers"]
    (token,) = (one for one in container["env"] if one["name"] == "JUPYTERHUB_API_TOKEN")
    # The chart's template for the hub's Secret makes this key of `hub.services.formgrader`.
    wanted = {"name": "hub", "key": "hub.services.formgrader.apiToken"}
    assert token["valueFrom"]["secretKeyRef"] == wanted


def test_formgrader_and_servers_share_one_volume(made):
    claim = named(made, "PersistentVolumeClaim", "dlef-shared")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "50Gi"
    spec = dict(pods(made))["Deployment formgrader"]["spec"]
    (container,) = spec["containers"]
    shared = {
        one["mountPath"]: one["subPath"]
        for one in container["volumeMounts"]
        if one["name"] == "shared"
    }
    assert shared == {"/srv/boxes": "boxes", "/srv/course": "course"}
    settings = named(made, "ConfigMap", "formgrader")["data"]
    exchange = json.loads(settings["nbgrader_config.json"])
    assert exchange["Exchange"]["root"] == "/srv/boxes/instructor"
    assert exchange["CollectFromBoxes"]["boxes"] == "/srv/boxes"


def test_formgrader_is_reached_by_the_hub_and_reaches_no_server(made):
    policy = named(made, "NetworkPolicy", "formgrader")["spec"]
    (deployed,) = (one for name, one in pods(made) if name == "Deployment formgrader")
    labels = deployed["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert labels["hub.jupyter.org/network-access-hub"] == "true"
    (ingress,) = policy["ingress"]
    callers = [one["podSelector"]["matchLabels"]["component"] for one in ingress["from"]]
    assert callers == ["proxy", "hub"]
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
    for rule in policy["egress"]:
        for side in rule.get("to", []):
            if "ipBlock" in side:
                assert set(side["ipBlock"]["except"]) == private
            else:
                names = set(side["podSelector"]["matchLabels"].values())
                assert names in ({"jupyterhub", "hub"}, {"grading-scheduler"})


def test_the_charts_proxy_is_let_through_to_formgrader(made, tmp_path):
    values = helm_values.values(target.load(str(filled(tmp_path))))
    (rule,) = values["proxy"]["chp"]["networkPolicy"]["egress"]
    (side,) = rule["to"]
    labels = dict(pods(made))["Deployment formgrader"]["metadata"]["labels"]
    assert side["podSelector"]["matchLabels"].items() <= labels.items()
    service = named(made, "Service", "formgrader")["spec"]
    assert service["selector"].items() <= labels.items()
    assert {rule["ports"][0]["port"]} == {one["port"] for one in service["ports"]} == {8888}
    assert values["hub"]["services"]["formgrader"]["url"] == "http://formgrader:8888"


@pytest.mark.parametrize("profile", FOUND.profiles, ids=lambda one: one.name)
def test_a_warm_seat_is_as_large_as_a_server_and_gives_way_to_it(made, profile):
    job = named(made, "CronJob", f"dlef-warm-{profile.name}")["spec"]
    assert (job["schedule"], job["timeZone"]) == ("15 8 * * 1-6", "Europe/Zurich")
    spec = job["jobTemplate"]["spec"]
    assert spec["parallelism"] == spec["completions"] == 3
    assert spec["backoffLimitPerIndex"] == 0  # a seat that was taken is not bought again
    assert spec["activeDeadlineSeconds"] == 75 * 60
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    resources = container["resources"]
    wanted = {profile.accelerator.resource: "1"} if profile.accelerator else {}
    for side in ("requests", "limits"):
        assert {name: n for name, n in resources[side].items() if "/" in name} == wanted
    assert float(resources["requests"]["cpu"]) == profile.cpu / 2
    assert parse(resources["requests"]["memory"]) == profile.memory_gib * GIB
    assert pod["nodeSelector"] == profile.selector
    for toleration in profile.tolerations:
        assert toleration in pod["tolerations"]
    assert container["image"] == f"registry.econ.ch/dlef-{profile.image}:0.1.0"
    priority = named(made, "PriorityClass", pod["priorityClassName"])
    # Below the chart's 0 for servers and -5 for image pullers; the autoscaler heeds -10 and up.
    assert priority["value"] == -10
    assert priority["preemptionPolicy"] == "Never"


def test_a_seat_is_placed_by_the_scheduler_of_the_servers(made, tmp_path):
    seats = [pod["spec"] for name, pod in pods(made) if name.startswith("CronJob")]
    # As the chart calls it for the release dlef (`in_the_pod`).
    assert {pod["schedulerName"] for pod in seats} == {"dlef-user-scheduler"}
    off = {"custom": {"warm": WARM}, "scheduling": {"userScheduler": {"enabled": False}}}
    others = pods(helm_values.manifests(target.load(str(filled(tmp_path, **off)))))
    assert not any("schedulerName" in pod["spec"] for _, pod in others)


#: Of what we make; all others lie in a namespace.
CLUSTER_WIDE = {"PriorityClass"}
NAMESPACED = {
    *("ConfigMap", "CronJob", "Deployment", "Job", "NetworkPolicy", "PersistentVolumeClaim"),
    *("PodDisruptionBudget", "ResourceQuota", "Role", "RoleBinding", "Secret", "Service"),
}


def test_staging_and_production_share_no_name_of_the_whole_cluster(tmp_path):
    names = {}
    for name in target.NAMES:
        path = filled(tmp_path, name, custom={"warm": WARM})
        objects = helm_values.manifests(target.load(str(path)))
        assert {one["kind"] for one in objects} <= CLUSTER_WIDE | NAMESPACED
        names[name] = {one["metadata"]["name"] for one in objects if one["kind"] in CLUSTER_WIDE}
        assert names[name]
    assert not set.intersection(*names.values())


def test_the_readme_installs_under_the_release_of_the_targets():
    text = (target.FOLDER.parent / "README.md").read_text()
    found = {
        name: yaml.safe_load((target.FOLDER / f"{name}.yaml").read_text()) for name in target.NAMES
    }
    releases = {name: values["custom"]["release"] for name, values in found.items()}
    assert f"upgrade --install {releases['production']} jupyterhub" in text
    assert f"the release `{releases['staging']}`" in text


def test_without_a_class_no_seat_is_kept_warm(tmp_path):
    kinds = {
        one["kind"] for one in helm_values.manifests(target.load(str(filled(tmp_path, "staging"))))
    }
    assert not kinds & {"CronJob", "PriorityClass"}
