"""Where in a target's values parts of Kubernetes objects stand, and of which type each is.

The chart copies them into its objects, or hands them to KubeSpawner, which puts them into the pods
of servers; `hub_config.check.api` judges them where they stand.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from hub_config.check import api, chart
from hub_config.check.api_fields import INT32, NODE_PORTS, among, between, form
from hub_config.check.findings import Finding, Step

Schema = dict[str, Any]
TEXT: Schema = {"type": ["string", "null"]}
LABELS: Schema = {
    "type": ["object", "null"],
    "propertyNames": form("label-key"),
    "additionalProperties": {"type": ["string", "null"], **form("label-value")},
}
ANNOTATIONS: Schema = {
    "type": ["object", "null"],
    "propertyNames": form("annotation-key"),
    "additionalProperties": TEXT,
}
AMOUNTS: Schema = {"type": ["object", "null"], "additionalProperties": api.of("Quantity")}
#: What has a number of seconds, or is left out.
SECONDS: Schema = {"type": ["integer", "null"], "minimum": 1}
COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
PRIORITY: Schema = {"type": ["integer", "null"], "minimum": -INT32 - 1, "maximum": 10**9}
#: KubeSpawner's names between braces (``KubeSpawner._expand_user_properties``), each as it may be.
NAMES = dict.fromkeys(
    (
        *("userid", "username", "unescaped_username", "safe_username", "escaped_username"),
        *("servername", "unescaped_servername", "safe_servername", "escaped_servername"),
        *("user_server", "safe_user_server", "escaped_user_server"),
        *("hubnamespace", "namespace", "pod_name", "pvc_name"),
    ),
    "ada",
)
BRACES = "write '{{' and '}}' where KubeSpawner should leave braces alone; it fills in {username}"


def listed(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": ["array", "null"], "items": schema}


def listed_or_named(schema: Schema) -> Schema:
    """Return the schema of a list, or of a mapping whose keys only say what replaces what."""
    named = {"type": ["object", "null"], "additionalProperties": schema}
    return {"if": {"type": "array"}, "then": listed(schema), "else": named}


def _environment(*, spawned: bool) -> Schema:
    """Texts, or mappings with ``valueFrom``, by the name of a variable."""
    one = {
        "if": {"type": "object"},
        "then": api.of(api.part("EnvVar")),
        "else": TEXT,
    }
    named = {
        "type": ["object", "null"],
        "propertyNames": form("variable"),
        "additionalProperties": one,
    }
    if spawned:  # KubeSpawner takes no list
        return named
    return {"if": {"type": "array"}, "then": listed(api.of("EnvVar")), "else": named}


def _probe() -> Schema:
    whole = api.definitions()[api.part("Probe")]
    properties = {**whole["properties"], "enabled": {"type": "boolean"}}
    return {**whole, "properties": properties}


def _pull_secrets() -> Schema:
    name = {"type": "string", **form("subdomain")}
    return listed({"if": {"type": "object"}, "then": api.of("LocalObjectReference"), "else": name})


def _by_key() -> dict[str, Schema]:
    """Return the type of what stands under a key wherever the chart has it."""
    claim = api.definitions()["PersistentVolumeClaimSpec"]["properties"]
    service = api.definitions()["ServiceSpec"]["properties"]
    node_port = {"type": ["integer", "null"], **between(*NODE_PORTS)}
    return {
        **dict.fromkeys(("labels", "extraLabels", "nodeSelector"), LABELS),
        **dict.fromkeys(("annotations", "extraAnnotations", "daemonsetAnnotations"), ANNOTATIONS),
        **dict.fromkeys(("tolerations", "extraTolerations"), listed(api.of("Toleration"))),
        **dict.fromkeys(("livenessProbe", "readinessProbe"), _probe()),
        **dict.fromkeys(
            ("extraContainers", "initContainers", "extraInitContainers"),
            listed(api.of("Container")),
        ),
        **dict.fromkeys(("lifecycle", "lifecycleHooks"), api.of("Lifecycle")),
        **dict.fromkeys(("extraPodSpec", "extraPodConfig"), api.of(api.part("PodSpec"))),
        **dict.fromkeys(("storageClassName", "storageClass"), claim["storageClassName"]),
        **dict.fromkeys(("accessModes", "storageAccessModes"), claim["accessModes"]),
        **dict.fromkeys(("pullSecrets", "imagePullSecrets"), _pull_secrets()),
        **dict.fromkeys(("revisionHistoryLimit", "replicas"), COUNT),
        **dict.fromkeys(("nodePort", "nodePorts.http", "nodePorts.https"), node_port),
        **{key: service[key] for key in ("loadBalancerIP", "loadBalancerSourceRanges")},
        **{key: service[key] for key in ("externalIPs", "ipFamilyPolicy", "ipFamilies")},
        "service.type": service["type"],
        "resources": api.of("ResourceRequirements"),
        "containerSecurityContext": api.of("SecurityContext"),
        "podSecurityContext": api.of("PodSecurityContext"),
        "deploymentStrategy": api.of("DeploymentStrategy"),
        "extraEnv": _environment(spawned=False),
        "extraVolumes": listed(api.of("Volume")),
        "extraVolumeMounts": listed(api.of("VolumeMount")),
        "extraPorts": listed(api.of(api.part("ServicePort"))),
        "pdb.maxUnavailable": {"type": ["integer", "string", "null"], **form("share")},
        "pdb.minAvailable": {"type": ["integer", "string", "null"], **form("share")},
        "serviceAccount.name": form("subdomain"),
        "networkPolicy.ingress": listed(api.of("NetworkPolicyIngressRule")),
        "networkPolicy.egress": listed(api.of("NetworkPolicyEgressRule")),
        "image.name": {"type": ["string", "null"], **form("image")},
        "image.tag": {"type": ["string", "null"], **form("tag")},
        "pullPolicy": among("Always", "IfNotPresent", "Never", ""),
        "mountPath": form("absolute"),
        "mode": between(0, 0o777),
        "subPath": form("inside"),
        "matchNodePurpose": among("ignore", "prefer", "require"),
    }


def _by_place() -> dict[str, Schema]:
    """Return the type of what stands at one place."""
    single, storage = "singleuser", "singleuser.storage"
    claim = api.definitions()["PersistentVolumeClaimSpec"]["properties"]
    hosts = listed({"type": "string", **form("host-or-wildcard")})
    return {
        "hub.db.pvc.selector": api.of("LabelSelector"),
        "hub.fsGid": {"type": ["integer", "null"], **between(0)},
        "hub.existingSecret": form("subdomain"),
        **dict.fromkeys((f"hub.{key}" for key in LIMITS), COUNT),
        f"{single}.extraEnv": _environment(spawned=True),
        **dict.fromkeys(
            (f"{single}.initContainers", f"{single}.extraContainers"),
            listed_or_named(api.of("Container")),
        ),
        f"{storage}.extraVolumes": listed_or_named(api.of("Volume")),
        f"{storage}.extraVolumeMounts": listed_or_named(api.of("VolumeMount")),
        f"{single}.extraNodeAffinity.required": listed(api.of("NodeSelectorTerm")),
        f"{single}.extraNodeAffinity.preferred": listed(api.of("PreferredSchedulingTerm")),
        **{
            f"{single}.extraPod{anti}Affinity.{when}": listed(api.of(term))
            for anti in ("", "Anti")
            for when, term in (
                ("required", "PodAffinityTerm"),
                ("preferred", "WeightedPodAffinityTerm"),
            )
        },
        f"{single}.extraResource.limits": AMOUNTS,
        f"{single}.extraResource.guarantees": AMOUNTS,
        f"{single}.cloudMetadata.ip": form("address"),
        f"{single}.startTimeout": SECONDS,
        f"{single}.cmd": {"type": ["array", "string", "null"], "items": {"type": "string"}},
        f"{single}.defaultUrl": form("absolute"),
        f"{storage}.dynamic.pvcNameTemplate": form("subdomain"),
        f"{storage}.dynamic.volumeNameTemplate": form("name"),
        f"{storage}.static.pvcName": form("subdomain"),
        f"{storage}.capacity": form("size"),
        "hub.db.pvc.storage": form("size"),
        f"{storage}.homeMountPath": form("mount-path"),
        "ingress.hosts": hosts,
        "ingress.ingressClassName": form("subdomain"),
        "ingress.pathType": among("Exact", "Prefix", "ImplementationSpecific"),
        "ingress.tls": listed(api.of("IngressTLS")),
        "ingress.extraPaths": listed(api.of("HTTPIngressPath")),
        "httpRoute.hostnames": hosts,
        "httpRoute.gateway.name": form("subdomain"),
        "httpRoute.gateway.namespace": form("name"),
        "proxy.traefik.extraPorts": listed(api.of("ContainerPort")),
        "proxy.https.hosts": listed({"type": "string", **form("public-name")}),
        "proxy.https.type": among("letsencrypt", "manual", "offload", "secret"),
        "proxy.https.letsencrypt.acmeServer": form("url"),
        "proxy.https.secret.name": form("subdomain"),
        "scheduling.podPriority.defaultPriority": PRIORITY,
        "scheduling.podPriority.imagePullerPriority": PRIORITY,
        "scheduling.podPriority.userPlaceholderPriority": PRIORITY,
        "prePuller.hook.podSchedulingWaitDuration": {"type": ["integer", "null"], "minimum": -1},
        "prePuller.extraImages.*.name": form("image"),
        **dict.fromkeys(("cull.timeout", "cull.every"), SECONDS),
        "cull.concurrency": {"type": ["integer", "null"], "minimum": 1},
        "cull.maxAge": COUNT,
        "custom.volumes.shared_class": claim["storageClassName"],
        "custom.images.*": form("image"),
    }


#: Numbers of the hub that count servers.
LIMITS = (
    *("activeServerLimit", "concurrentSpawnLimit", "consecutiveFailureLimit"),
    "namedServerLimitPerUser",
)
#: What the chart does not know, because it is ours.
OURS = {"custom": {"images": {chart.ANY: None}, "volumes": {"shared_class": None}}}


@cache
def schema() -> Schema:
    """Return one schema for all values: each place with its type, everything else free."""
    return _typed({**chart.known_names(), **OURS}, (), _by_place(), _by_key())


def _typed(
    known: Mapping[str, Any],
    above: tuple[str, ...],
    by_place: Mapping[str, Schema],
    by_key: Mapping[str, Schema],
) -> Schema:
    """Return the schema of a mapping with these keys."""
    made: Schema = {}
    for key, below in known.items():
        place = (*above, key)
        ways = [by_place.get(".".join(place)), by_key.get(".".join(place[-2:])), by_key.get(key)]
        found = next((one for one in ways if one is not None), None)
        if found is None:
            found = _typed(below, place, by_place, by_key) if below else {}
        if key == chart.ANY:
            made["additionalProperties"] = found
        else:
            made.setdefault("properties", {})[key] = found
    return made


#: What KubeSpawner fills in names for before it asks Kubernetes.
FILLED = tuple(
    f"singleuser.{name}".split(".")
    for name in (
        *("extraEnv", "extraLabels", "extraAnnotations", "initContainers", "extraContainers"),
        *("extraPodConfig", "serviceAccountName", "storage.extraVolumes", "storage.extraLabels"),
        *("storage.extraVolumeMounts", "storage.dynamic", "storage.static", "podNameTemplate"),
    )
)


def problems(values: Mapping[str, Any]) -> list[Finding]:
    """Say what Kubernetes or KubeSpawner would refuse among a target's values.

    Parameters
    ----------
    values : mapping
        All of a target's files.
    """
    found: list[Finding] = []
    filled = dict(values)
    for place in FILLED:
        filled = _changed(filled, place, lambda part, at: fill_in(part, at, found))
    return [*found, *api.problems(filled, schema())]


def fill_in(part: Any, path: tuple[Step, ...], found: list[Finding]) -> Any:
    """Return what KubeSpawner makes of a value, and note which braces it could not fill."""
    if isinstance(part, Mapping):
        return {key: fill_in(value, (*path, str(key)), found) for key, value in part.items()}
    if isinstance(part, list):
        return [fill_in(value, (*path, number), found) for number, value in enumerate(part)]
    if not isinstance(part, str):
        return part
    try:
        return string.Formatter().vformat(part, (), NAMES)
    except (LookupError, ValueError, AttributeError, TypeError):
        found.append(Finding(path, part, "braces", BRACES))
        return None


def _changed(
    values: Mapping[str, Any],
    place: list[str],
    change: Callable[[Any, tuple[Step, ...]], Any],
    above: tuple[Step, ...] = (),
) -> dict[str, Any]:
    """Return values in which one part has been changed, as far as it is there."""
    key, *rest = place
    made = dict(values)
    if key not in made:
        return made
    if not rest:
        made[key] = change(made[key], (*above, key))
    elif isinstance(made[key], Mapping):
        made[key] = _changed(made[key], rest, change, (*above, key))
    return made
