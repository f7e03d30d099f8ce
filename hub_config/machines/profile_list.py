"""What KubeSpawner offers on the start page, and the settings of the server that it starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from hub_config.machines.profile_request import ChoiceError
from hub_config.machines.profiles import Profile, ProfileError, Profiles
from hub_config.machines.quantities import mebibytes

#: Pods of the hub that network policies are about.
LABEL = "dlef/profile"


async def groups_known(user: Any) -> Collection[str]:
    """Return the groups that the hub has a user in."""
    return {group.name for group in user.groups}


def profile_list(
    profiles: Profiles,
    images: dict[str, str],
    groups_of: Callable[[Any], Awaitable[Collection[str]]] = groups_known,
    tolerations: Sequence[dict[str, str]] = (),
) -> Callable[[Any], Awaitable[list[dict[str, Any]]]]:
    """Return a value for ``c.KubeSpawner.profile_list``.

    The hub asks it again when a form comes back, so that a profile which the user's groups may not
    use is refused there too, however the form was forged.

    Parameters
    ----------
    profiles : Profiles
        All there are.
    images : dict of str to str
        The full name, tag included, of each image that profiles name.
    groups_of : callable
        Asks for the groups of a user.
    tolerations : sequence of dict
        What servers of all profiles tolerate.

    Raises
    ------
    ProfileError
        If an image has no name, or one without a fixed tag.
    """
    for kind in {profile.image for profile in profiles.profiles}:
        if kind not in images:
            raise ProfileError(f"no name is given for the image '{kind}'")
        if not pinned(images[kind]):
            raise ProfileError(
                f"the image '{images[kind]}' is not pinned: give it a tag of one version, or a "
                "digest, so that a class does not change under its students"
            )

    async def offered(spawner: Any) -> list[dict[str, Any]]:
        allowed = offers(profiles, await groups_of(spawner.user), images, tolerations)
        if not allowed:
            raise ChoiceError(
                f"{spawner.user.name} is in no group that may start a server; the hub's groups "
                f"are {', '.join(profiles.groups)}",
                status=403,
            )
        return allowed

    return offered


def offers(
    profiles: Profiles,
    groups: Collection[str],
    images: dict[str, str],
    tolerations: Sequence[dict[str, str]] = (),
) -> list[dict[str, Any]]:
    """Return KubeSpawner's profile list for somebody in these groups; the first is chosen."""
    return [
        {
            "slug": profile.name,
            "display_name": profile.title,
            "description": description(profile, profiles.currency),
            "default": number == 0,
            "kubespawner_override": override(profile, profiles.accelerators, images, tolerations),
        }
        for number, profile in enumerate(profiles.allowed(groups))
    ]


def description(profile: Profile, currency: str) -> str:
    """Say what a machine is for, what it has, and what it costs."""
    size = f"{profile.cpu:g} processors, {profile.memory_gib:g} GiB"
    if profile.accelerator:
        size += f", {profile.accelerator.count} × {profile.accelerator.title}"
    price = f"{profile.price_per_hour:.2f} {currency} per hour"
    return f"{profile.purpose}. {size}; {price}, at most {profile.max_hours:g} hours."


def override(
    profile: Profile,
    accelerators: Collection[str],
    images: dict[str, str],
    tolerations: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """Return what differs for servers of this profile.

    KubeSpawner merges dictionaries with what the chart's values have set. A GPU that is set there
    would come on top of the profile's, or into a profile without: so all others are taken away.
    Lists it replaces, so that what every server tolerates is given along.
    """
    wanted = profile.accelerator
    devices: dict[str, str | None] = dict.fromkeys(accelerators)
    devices |= {wanted.resource: str(wanted.count)} if wanted else {}
    return {
        "image": images[profile.image],
        "cpu_limit": float(profile.cpu),
        "cpu_guarantee": profile.cpu / 2,  # notebooks are idle most of the time
        "mem_limit": f"{mebibytes(profile.memory_gib)}M",
        "mem_guarantee": f"{mebibytes(profile.memory_gib)}M",  # memory cannot be taken back
        "extra_resource_limits": dict(devices),
        "extra_resource_guarantees": dict(devices),
        "node_selector": dict(profile.selector),
        "tolerations": [dict(one) for one in (*tolerations, *profile.tolerations)],
        "extra_labels": {LABEL: profile.name},
        # Kubernetes ends the server then, even if the hub should be down.
        "extra_pod_config": {"activeDeadlineSeconds": round(3600 * profile.max_hours)},
        "environment": {"CUDA_VISIBLE_DEVICES": None if wanted else ""},
    }


def pinned(image: str) -> bool:
    """Whether a name stands for one image for ever: by a digest, or a tag that says a version."""
    name, _, digest = image.partition("@")
    if digest:
        return digest.startswith("sha256:")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return bool(colon) and any(letter.isdigit() for letter in tag)
