"""Prepares seats before a class: starts the nodes and pulls the images."""

from __future__ import annotations

from hub_config.kubernetes import pod_config
from hub_config.kubernetes.objects import Object, labels, make, pull_secrets
from hub_config.kubernetes.settings import Warm
from hub_config.kubernetes.target import Target
from hub_config.machines import profile_list
from hub_config.machines.profiles import Profile
from hub_config.machines.quantities import mebibytes

#: Below every server and every image puller, and just high enough that a node is bought for it.
WARM_PRIORITY = -10
PAUSE = ["sleep", "infinity"]


def seats(target: Target, warm: Warm) -> list[Object]:
    """Return what keeps seats ready before a class: a priority, and a job per profile and day.

    A seat is a pod of the profile's size and image that sleeps. A node is bought for it and the
    image pulled to it; the first student who needs its place takes it, and no other seat comes
    instead. What nobody takes ends after its minutes.
    """
    priority = make(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        _priority(target),
        value=WARM_PRIORITY,
        preemptionPolicy="Never",
        description="Seats that are kept warm for servers, and leave when one needs the place",
    )
    machine = target.profiles.profile
    return [priority, *(_job(target, warm, machine(name), n) for name, n in warm.seats.items())]


def _job(target: Target, warm: Warm, profile: Profile, seats: int) -> Object:
    tolerated = target.values.get("scheduling", {}).get("userPods", {}).get("tolerations") or []
    wanted = profile_list.override(
        profile, target.profiles.accelerators, target.custom.images, tolerated
    )
    devices = {k: n for k, n in wanted["extra_resource_limits"].items() if n is not None}
    memory = f"{mebibytes(profile.memory_gib)}Mi"
    container = {
        "name": "seat",
        "image": wanted["image"],
        "command": PAUSE,
        "resources": {
            "requests": {"cpu": str(wanted["cpu_guarantee"]), "memory": memory, **devices},
            "limits": {"cpu": str(wanted["cpu_limit"]), "memory": memory, **devices},
        },
        "securityContext": dict(pod_config.SECURITY),
    }
    pod = {
        **pull_secrets(target),
        "automountServiceAccountToken": False,
        "containers": [container],
        "enableServiceLinks": False,
        "nodeSelector": dict(profile.selector),
        "priorityClassName": _priority(target),
        "restartPolicy": "Never",
        **_scheduler(target),
        "terminationGracePeriodSeconds": 0,  # the student waits
        "tolerations": wanted["tolerations"],
    }
    job = {
        "activeDeadlineSeconds": 60 * warm.minutes,
        "completionMode": "Indexed",
        "completions": seats,
        "parallelism": seats,
        # A seat that a student took is not made again: that would buy a second node for her.
        "backoffLimitPerIndex": 0,
        "ttlSecondsAfterFinished": 3600,
        "template": {"metadata": {"labels": labels("seat")}, "spec": pod},
    }
    spec = {
        "schedule": warm.schedule,
        "timeZone": warm.time_zone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "jobTemplate": {"spec": job},
    }
    return make("batch/v1", "CronJob", f"dlef-warm-{profile.name}", spec=spec)


def _priority(target: Target) -> str:
    """Name the seats' priority; the whole cluster shares such names, with every other hub in it."""
    return f"{target.custom.release}-warm"


def _scheduler(target: Target) -> Object:
    """Have seats placed as servers are: another scheduler would fill the place that one cleared."""
    by_the_chart = target.values.get("scheduling", {}).get("userScheduler", {})
    if not by_the_chart.get("enabled", True):
        return {}
    return {"schedulerName": f"{target.custom.release}-user-scheduler"}
