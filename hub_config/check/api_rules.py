"""What the API server asks of several fields together.

Each rule takes one object of the type under whose name it stands in `RULES`, and yields where in it
what is wrong, what was found, and what to do. What is of another type than the schema's is passed
over here: the schema has named it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hub_config.check import syntax
from hub_config.check.findings import KEY, Step
from hub_config.machines.quantities import QuantityError, parse

Wrong = Iterator[tuple[tuple[Step, ...], Any, str]]
Object = Mapping[str, Any]
#: Resources that Kubernetes itself counts; all others have a domain before their name.
OWN = ("cpu", "memory", "ephemeral-storage")
#: The largest difference between two amounts that is one of writing.
_SAME = 1e-9


def toleration(one: Object) -> Wrong:
    """Check operator, value and seconds of a toleration."""
    operator = one.get("operator") or "Equal"
    if operator == "Exists" and one.get("value"):
        yield ("value",), one["value"], "remove it, or write 'operator: Equal'"
    if operator == "Equal" and not one.get("key"):
        yield ("key",), one.get("key"), "write the key of a taint, or 'operator: Exists' for all"
    if one.get("tolerationSeconds") is not None and one.get("effect") != "NoExecute":
        found = one["tolerationSeconds"]
        yield ("tolerationSeconds",), found, "remove it, or write 'effect: NoExecute'"


def requirement(one: Object) -> Wrong:
    """Check an expression over labels: some operators need values, others refuse them."""
    values = _list(one.get("values"))
    match one.get("operator"):
        case "In" | "NotIn" if not values:
            yield ("values",), one.get("values"), "list one value or more"
        case "Exists" | "DoesNotExist" if values:
            yield ("values",), values, "remove them, or write 'operator: In'"
        case "Gt" | "Lt" if len(values) != 1 or not _whole(values[0]):
            yield ("values",), values, "list one whole number, in quotes"


def resources(one: Object) -> Wrong:
    """Check names of resources, and that requests are no larger than their limits."""
    limits, requests = _mapping(one.get("limits")), _mapping(one.get("requests"))
    for name, amount in limits.items():
        yield from _resource(("limits", name), name, amount)
    for name in [one for one in requests if one not in limits]:
        yield from _resource(("requests", name), name, requests[name])
    for name, amount in requests.items():
        asked, most = _amount(amount), _amount(limits.get(name))
        if asked is None:
            continue
        place = ("requests", name)
        if name in limits and most is not None and asked > most * (1 + _SAME):
            yield place, amount, f"write at most the limit, which is {limits[name]!r}"
        elif _extended(name) and (most is None or asked < most * (1 - _SAME)):
            do = "ask for as many as the limit, because nobody shares what is counted in whole"
            yield place, amount, do


def _resource(place: tuple[Step, ...], name: str, amount: Any) -> Wrong:
    if "/" not in name:
        if name not in OWN and not name.startswith("hugepages-"):
            do = f"write one of {', '.join(OWN)}, or a name with a domain such as 'nvidia.com/gpu'"
            yield (*place[:-1], KEY), name, do
    elif not syntax.fits("label-key", name):
        yield (*place[:-1], KEY), name, syntax.how("label-key")
    found = _amount(amount)
    if _extended(name) and found is not None and found % 1:
        yield place, amount, "write a whole number: there are no parts of it"


def container(one: Object) -> Wrong:
    """Check mounts, ports and probes of a container."""
    for key, name, what in (
        ("volumeMounts", "mountPath", "mount at this place"),
        ("ports", "name", "port with this name"),
    ):
        yield from _repeated(one, key, name, f"remove it: there is another {what}")
    for probe in ("livenessProbe", "startupProbe"):
        found = _mapping(one.get(probe)).get("successThreshold")
        if found not in (None, 1):
            yield (probe, "successThreshold"), found, "write 1, or remove it"


def pod(one: Object) -> Wrong:
    """Check names within a pod, and that it has the volumes which it mounts."""
    for key in ("volumes", "containers", "initContainers"):
        kind = "volume" if key == "volumes" else "container"
        yield from _repeated(one, key, "name", f"give it another name: there is a {kind} of that")
    lists = ("initContainers", "containers")
    first = {_mapping(c).get("name") for c in _list(one.get("initContainers"))}
    for number, each in enumerate(_list(one.get("containers"))):
        if (name := _mapping(each).get("name")) in first:
            do = "give it another name: there is an init container of that"
            yield ("containers", number, "name"), name, do
    volumes = {str(_mapping(volume).get("name")) for volume in _list(one.get("volumes"))}
    for key in lists:
        for number, each in enumerate(_list(one.get(key))):
            for mount, wanted in enumerate(_list(_mapping(each).get("volumeMounts"))):
                name = _mapping(wanted).get("name")
                if isinstance(name, str) and name not in volumes:
                    near = ", ".join(sorted(volumes)) or "none"
                    do = f"add a volume of that name, or mount one that there is: {near}"
                    yield (key, number, "volumeMounts", mount, "name"), name, do


def volume(one: Object) -> Wrong:
    """Check that a volume has one source."""
    sources = sorted(key for key, value in one.items() if key != "name" and value is not None)
    if len(sources) != 1:
        do = "give it one source, such as persistentVolumeClaim, nfs, configMap or emptyDir"
        yield (), sources, do


def mount(one: Object) -> Wrong:
    """Check that a part of a volume is named in one way."""
    if one.get("subPath") and one.get("subPathExpr"):
        yield ("subPathExpr",), one["subPathExpr"], "remove it, or subPath"


def variable(one: Object) -> Wrong:
    """Check that a variable has one source."""
    source = _mapping(one.get("valueFrom"))
    if one.get("value") and source:
        yield ("value",), one["value"], "remove it, or valueFrom"
    if "valueFrom" in one and one["valueFrom"] is not None and len(source) != 1:
        yield ("valueFrom",), dict(source), "name one source, such as secretKeyRef"


def handler(one: Object) -> Wrong:
    """Check that a hook does one thing."""
    does = [key for key in ("exec", "httpGet", "tcpSocket", "sleep", "grpc") if one.get(key)]
    if len(does) != 1:
        yield (), does, "give it one of exec, httpGet, tcpSocket or sleep"


def security(one: Object) -> Wrong:
    """Check that rights do not contradict each other."""
    if one.get("allowPrivilegeEscalation") is False and one.get("privileged") is True:
        yield ("privileged",), True, "remove it, because allowPrivilegeEscalation is false"
    if one.get("runAsNonRoot") is True and one.get("runAsUser") == 0:
        yield ("runAsUser",), 0, "write another user, because runAsNonRoot is true"
    for key in ("seccompProfile", "appArmorProfile"):
        profile = _mapping(one.get(key))
        if profile.get("type") == "Localhost" and not profile.get("localhostProfile"):
            yield (key, "localhostProfile"), None, "write the profile's file"


def claim(one: Object) -> Wrong:
    """Check modes and size of a claim."""
    modes = _list(one.get("accessModes"))
    if not modes:
        yield ("accessModes",), modes, "list one, such as ReadWriteOnce"
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield ("accessModes",), modes, "list ReadWriteOncePod alone"
    size = _mapping(_mapping(one.get("resources")).get("requests")).get("storage")
    if size is None or _amount(size) == 0:
        yield ("resources", "requests", "storage"), size, "write how much, such as 10Gi"


def service(one: Object) -> Wrong:
    """Check ports of a service, which need names as soon as there are two."""
    ports = [_mapping(port) for port in _list(one.get("ports"))]
    if len(ports) > 1:
        for number, port in enumerate(ports):
            if not port.get("name"):
                yield ("ports", number, "name"), None, "name it: a service has several ports"
    yield from _repeated(one, "ports", "name", "give it another name: there is a port of that")


def block(one: Object) -> Wrong:
    """Check exceptions of a range of addresses, which lie within it."""
    cidr = one.get("cidr")
    if not isinstance(cidr, str) or not syntax.fits("cidr", cidr):
        return
    whole = ipaddress.ip_network(cidr, strict=False)
    for number, text in enumerate(_list(one.get("except"))):
        if not isinstance(text, str) or not syntax.fits("cidr", text):
            continue
        part = ipaddress.ip_network(text, strict=False)
        if part.version != whole.version or part == whole or not _within(part, whole):
            yield ("except", number), text, f"write a smaller range within {cidr}"


def ports(one: Object) -> Wrong:
    """Check the end of a range of ports."""
    first, last = one.get("port"), one.get("endPort")
    if isinstance(first, int) and isinstance(last, int):
        if last < first:
            yield ("endPort",), last, f"write {first} or more"
    elif last is not None:
        yield ("endPort",), last, "write the first port as a number, too"


def strategy(one: Object) -> Wrong:
    """Check that an update which begins anew has no steps."""
    if one.get("type") == "Recreate" and one.get("rollingUpdate"):
        yield ("rollingUpdate",), one["rollingUpdate"], "remove it, or write 'type: RollingUpdate'"


def budget(one: Object) -> Wrong:
    """Check that a disruption budget has one bound."""
    if one.get("maxUnavailable") is not None and one.get("minAvailable") is not None:
        yield ("minAvailable",), one["minAvailable"], "write null, or remove maxUnavailable"


RULES: dict[str, Callable[[Object], Wrong]] = {
    "Toleration": toleration,
    "LabelSelectorRequirement": requirement,
    "NodeSelectorRequirement": requirement,
    "ResourceRequirements": resources,
    "Container": container,
    "PodSpec": pod,
    "Volume": volume,
    "VolumeMount": mount,
    "EnvVar": variable,
    "LifecycleHandler": handler,
    "SecurityContext": security,
    "PodSecurityContext": security,
    "PersistentVolumeClaimSpec": claim,
    "ServiceSpec": service,
    "IPBlock": block,
    "NetworkPolicyPort": ports,
    "DeploymentStrategy": strategy,
    "PodDisruptionBudgetSpec": budget,
}


def _repeated(one: Object, key: str, name: str, do: str) -> Wrong:
    seen = set()
    for number, item in enumerate(_list(one.get(key))):
        value = _mapping(item).get(name)
        if isinstance(value, str) and value in seen:
            yield (key, number, name), value, do
        seen.add(value if isinstance(value, str) else None)


def _extended(name: str) -> bool:
    """Whether a resource is counted in whole, such as GPUs."""
    return "/" in name and not name.partition("/")[0].endswith("kubernetes.io")


def _amount(value: Any) -> float | None:
    try:
        return parse(value)
    except QuantityError:
        return None


def _whole(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("-").isdigit()


def _within(part: Any, whole: Any) -> bool:
    return bool(part.subnet_of(whole))


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}
