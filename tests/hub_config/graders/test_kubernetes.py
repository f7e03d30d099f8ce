"""The grading cluster's objects, judged as a Kubernetes cluster would."""

import copy
import ipaddress

import kubernetes_validate
import pytest

from autograder.dispatch import worker
from hub_config.graders import kubernetes
from hub_config.machines import profiles

IMAGE = "registry.example.org/dlef-grader:1.0.0"
VALUES = {"custom": {"images": {"grader": IMAGE}}}
MACHINES = profiles.load()
MADE = kubernetes.manifests(VALUES, MACHINES)
DEPLOYMENTS = {one["metadata"]["name"]: one for one in MADE if one["kind"] == "Deployment"}
WORKERS = {one.name: DEPLOYMENTS[f"grading-{one.name}"] for one in MACHINES.profiles}


def pod(deployment):
    return deployment["spec"]["template"]["spec"]


def container(deployment):
    (only,) = pod(deployment)["containers"]
    return only


def told(manifest):
    return f"{manifest['kind']} {manifest['metadata']['name']}"


# User namespaces of pods are on by default since 1.33.
@pytest.mark.parametrize("version", ["1.33", "1.34", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("manifest", MADE, ids=told)
def test_a_cluster_accepts_every_object(manifest, version):
    kubernetes_validate.validate(manifest, version, strict=True)


def test_what_judges_them_knows_the_fields_that_matter():
    """Where a field were unknown, it would be taken out of the pod without a word."""
    wrong = copy.deepcopy(WORKERS["cpu-small"])
    wrong["spec"]["template"]["spec"]["hostUser"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.34", strict=True)


def test_there_are_workers_of_every_machine_and_none_costs_anything_yet():
    assert set(DEPLOYMENTS) == {"grading-scheduler", *(f"grading-{name}" for name in WORKERS)}
    assert {one["spec"]["replicas"] for one in WORKERS.values()} == {0}


@pytest.mark.parametrize("profile", MACHINES.profiles, ids=lambda one: one.name)
def test_a_worker_is_what_its_profile_says(profile):
    deployment = WORKERS[profile.name]
    one = container(deployment)
    assert one["image"] == IMAGE
    limits = one["resources"]["limits"]
    assert limits == one["resources"]["requests"]
    assert limits.pop("cpu") == f"{profile.cpu:g}"
    assert limits.pop("memory") == f"{profile.memory_gib * 1024:g}Mi"
    words = one["command"]
    if profile.accelerator:
        assert limits == {profile.accelerator.resource: str(profile.accelerator.count)}
        assert words[words.index("--resources") + 1] == f"GPU={profile.accelerator.count}"
    else:
        assert limits == {}
        assert "--resources" not in words
    assert pod(deployment).get("nodeSelector", {}) == profile.selector
    assert tuple(pod(deployment).get("tolerations", ())) == profile.tolerations


@pytest.mark.parametrize("profile", MACHINES.profiles, ids=lambda one: one.name)
def test_what_submissions_may_use_together_fits_into_a_worker(profile):
    slots = kubernetes.slots(profile)
    words = container(WORKERS[profile.name])["command"]
    assert words[words.index("--nthreads") + 1] == str(worker.THREADS * slots)
    assert 1 <= slots <= profile.cpu
    assert kubernetes.BASE_GIB + slots * kubernetes.SUBMISSION_GIB <= profile.memory_gib


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_no_pod_has_a_token_or_a_privilege(name):
    spec, one = pod(DEPLOYMENTS[name]), container(DEPLOYMENTS[name])
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 1000
    security = one["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"] is True
    assert "privileged" not in security
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all("hostPath" not in volume for volume in spec["volumes"])


def test_only_what_holds_a_sandbox_may_make_one():
    scheduler = container(DEPLOYMENTS["grading-scheduler"])["securityContext"]
    assert scheduler["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"procMount", "appArmorProfile"} & set(scheduler)
    for deployment in WORKERS.values():
        # Kubernetes refuses the one without the other.
        assert container(deployment)["securityContext"]["procMount"] == "Unmasked"
        assert pod(deployment)["hostUsers"] is False


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_every_pod_speaks_tls_with_the_keys_of_the_secret(name):
    spec, one = pod(DEPLOYMENTS[name]), container(DEPLOYMENTS[name])
    (secret,) = [volume["secret"] for volume in spec["volumes"] if "secret" in volume]
    assert secret["secretName"] == "grading-tls"
    (mount,) = [mount for mount in one["volumeMounts"] if mount["name"] == "keys"]
    named = [entry["value"] for entry in one["env"] if "TLS__" in entry["name"]]
    assert len(named) == 3
    assert all(path.startswith(f"{mount['mountPath']}/") for path in named)
    assert mount["readOnly"] is True


def test_who_grades_gets_the_same_keys_as_a_client():
    needs = kubernetes.client()
    names = {entry["name"] for entry in needs["env"]}
    assert {name for name in names if "CLIENT" in name} == {
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT",
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY",
    }
    assert needs["volumeMounts"][0]["mountPath"] == kubernetes.KEYS


def test_deployments_do_not_take_each_other_s_pods():
    for one in DEPLOYMENTS.values():
        wanted = one["spec"]["selector"]["matchLabels"].items()
        takes = [
            name
            for name, other in DEPLOYMENTS.items()
            if wanted <= other["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert takes == [one["metadata"]["name"]]


# --- who reaches whom -----------------------------------------------------------------------------

SPACE = {"kubernetes.io/metadata.name": "dlef"}
SYSTEM = {"kubernetes.io/metadata.name": "kube-system"}


def labels(deployment):
    return deployment["spec"]["template"]["metadata"]["labels"]


#: Gives away the node's credentials on port 80; on 53 it is Google's Cloud DNS.
METADATA = "the node's credentials"
#: Where things are: the labels of their namespace and their own, or an address.
PLACES = {
    "scheduler": (SPACE, labels(DEPLOYMENTS["grading-scheduler"])),
    "grader": (SPACE, labels(WORKERS["cpu-small"])),
    "gpu grader": (SPACE, labels(WORKERS["gpu-whole"])),
    "formgrader": (SPACE, {"app.kubernetes.io/component": "formgrader"}),
    "student": (SPACE, {"app.kubernetes.io/component": "singleuser-server"}),
    "hub": (SPACE, {"app.kubernetes.io/component": "hub"}),
    "stranger": ({"kubernetes.io/metadata.name": "other"}, labels(WORKERS["cpu-small"])),
    "names": (SYSTEM, {"k8s-app": "kube-dns"}),
    "names on the node": "169.254.20.10",
    METADATA: "169.254.169.254",
    "the internet": "93.184.216.34",
}


def matches(peer, place):
    """Whether one entry of ``from`` or ``to`` means a place, as NetworkPolicy defines it."""
    if isinstance(place, str):
        return "ipBlock" in peer and ipaddress.ip_address(place) in ipaddress.ip_network(
            peer["ipBlock"]["cidr"]
        )
    if "ipBlock" in peer:
        return False
    space, own = place
    if "namespaceSelector" in peer:
        in_space = peer["namespaceSelector"]["matchLabels"].items() <= space.items()
    else:
        in_space = space == SPACE
    return in_space and peer.get("podSelector", {}).get("matchLabels", {}).items() <= own.items()


def allows(side, here, there, port, protocol):
    """Whether the policies that select ``here`` let it speak with ``there``."""
    if isinstance(here, str) or here[0] != SPACE:
        return True  # not ours to say
    policies = [
        one["spec"]
        for one in MADE
        if one["kind"] == "NetworkPolicy"
        and one["spec"]["podSelector"]["matchLabels"].items() <= here[1].items()
    ]
    if not policies:
        return True
    key, way = ("from", "ingress") if side == "in" else ("to", "egress")
    return any(
        {"port": port, "protocol": protocol} in rule["ports"]
        and any(matches(peer, there) for peer in rule[key])
        for policy in policies
        for rule in policy[way]
    )


def reached(who, protocol, port):
    """Return what ``who`` can speak with on a port."""
    return {
        name
        for name, place in PLACES.items()
        if name != who
        and allows("out", PLACES[who], place, port, protocol)
        and allows("in", place, PLACES[who], port, protocol)
    }


@pytest.mark.parametrize("who", ["grader", "gpu grader"])
def test_a_grader_reaches_the_scheduler_and_names_and_nothing_else(who):
    assert reached(who, "TCP", 8786) == {"scheduler"}
    for protocol in ("UDP", "TCP"):
        assert reached(who, protocol, 53) == {"names", "names on the node", METADATA}
    for port in (80, 443, 8081, 8789, 8888, 6443):
        assert reached(who, "TCP", port) == set()


def test_the_scheduler_reaches_graders_and_nothing_else():
    assert reached("scheduler", "TCP", 8789) == {"grader", "gpu grader"}
    for port in (53, 80, 443, 8081, 8786, 8888, 6443):
        assert reached("scheduler", "TCP", port) == set()


@pytest.mark.parametrize("port", [8786, 8787, 8789])
@pytest.mark.parametrize("who", ["student", "hub", "stranger"])
def test_nobody_else_reaches_the_cluster(who, port):
    assert not reached(who, "TCP", port) & {"scheduler", "grader", "gpu grader"}


def test_who_grades_reaches_the_scheduler_and_no_grader():
    ours = {"scheduler", "grader", "gpu grader"}
    assert reached("formgrader", "TCP", 8786) & ours == {"scheduler"}
    assert not reached("formgrader", "TCP", 8789) & ours
