"""What is offered to whom; `kubernetes/test_hub.py` makes real pods of it."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub_config.machines import profile_list, profiles
from hub_config.machines.profile_request import ChoiceError
from hub_config.machines.profiles import ProfileError

README = Path(__file__).parents[3] / "hub_config" / "README.md"
IMAGES = {"cpu": "dlef-cpu:1.2.0", "gpu": "dlef-gpu:1.2.0"}
FOUND = profiles.load()
GROUPS = [
    groups
    for count in range(1, len(FOUND.groups) + 1)
    for groups in itertools.combinations(FOUND.groups, count)
]
TAINT = {"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}


def offered(groups, **more):
    """Return what the start page offers somebody in these groups, as a hub asks for it."""
    user = SimpleNamespace(name="ann", groups=[SimpleNamespace(name=group) for group in groups])
    ask = profile_list.profile_list(FOUND, IMAGES, **more)
    return asyncio.run(ask(SimpleNamespace(user=user)))


@pytest.mark.parametrize("groups", GROUPS, ids="+".join)
def test_a_group_is_offered_its_machines_and_no_other(groups):
    found = offered(groups)
    assert [one["slug"] for one in found] == [one.name for one in FOUND.allowed(groups)]
    assert [one["default"] for one in found] == [True, *(False for _ in found[1:])]


@pytest.mark.parametrize("profile", FOUND.profiles, ids=lambda one: one.name)
def test_a_machine_takes_away_every_other_gpu(profile):
    wanted = profile_list.override(profile, FOUND.accelerators, IMAGES)
    for side in ("extra_resource_limits", "extra_resource_guarantees"):
        assert set(wanted[side]) == set(FOUND.accelerators)
        given = {name: count for name, count in wanted[side].items() if count is not None}
        assert given == ({profile.accelerator.resource: "1"} if profile.accelerator else {})


def test_what_all_servers_tolerate_is_not_lost_by_choosing_a_machine():
    for one in offered(["instructors"], tolerations=[TAINT]):
        tolerated = one["kubespawner_override"]["tolerations"]
        assert tolerated == [TAINT, *FOUND.profile(one["slug"]).tolerations]


def test_groups_may_be_asked_for_elsewhere():
    async def looked_up(user):
        return {"gpu-lab"} if user.name == "ann" else set()

    (one,) = offered(["instructors"], groups_of=looked_up)
    assert one["slug"] == "gpu-slice"


def test_who_is_in_no_group_is_told_so():
    with pytest.raises(ChoiceError, match="ann is in no group that may start a server") as caught:
        offered([])
    assert caught.value.status_code == 403


def test_the_start_page_says_what_a_machine_is_for_and_what_it_costs():
    (one,) = profile_list.offers(FOUND, {"gpu-lab"}, IMAGES)
    assert one["default"]
    assert one["description"] == (
        "Training with memory of its own: a seventh of a large GPU, which nobody shares. "
        "4 processors, 16 GiB, 1 × NVIDIA A100, MIG 1g.10gb; 0.60 CHF per hour, at most 4 hours."
    )


@pytest.mark.parametrize(
    ("image", "fixed"),
    [
        ("a:1.2", True),
        ("r/a:2026-11", True),
        (f"a@sha256:{64 * '0'}", True),
        ("a", False),
        ("a:latest", False),
        ("h:5000/a", False),
        ("h:5000/a:1", True),
        ("a@md5:1", False),
    ],
)
def test_an_image_has_a_version(image, fixed):
    assert profile_list.pinned(image) is fixed
    if not fixed:
        with pytest.raises(ProfileError, match="is not pinned"):
            profile_list.profile_list(FOUND, {**IMAGES, "cpu": image})


def test_an_image_without_a_name_is_refused():
    with pytest.raises(ProfileError, match="no name is given for the image 'gpu'"):
        profile_list.profile_list(FOUND, {"cpu": "a:1"})


def test_the_table_in_the_readme_is_that_of_the_file():
    def row(one):
        gpu = one.accelerator.title if one.accelerator else "–"
        cells = (f"`{one.name}`", f"{one.cpu:g}", f"{one.memory_gib:g}", gpu)
        price = f"{one.price_per_hour:.2f}"
        return f"| {' | '.join((*cells, price, f'{one.max_hours:g}', ', '.join(one.groups)))} |"

    head = f"| profile | processors | GiB | GPU | {FOUND.currency} per hour | hours at most | for |"
    table = "\n".join(
        [head, "| --- | ---: | ---: | --- | ---: | ---: | --- |", *map(row, FOUND.profiles)]
    )
    assert table in README.read_text(), f"put this into hub_config/README.md:\n{table}"


def test_memory_is_whole_bytes_however_a_profile_says_it():
    profile = replace(FOUND.profile("cpu-small"), memory_gib=7.3)
    found = profile_list.override(profile, (), IMAGES)
    assert found["mem_limit"] == found["mem_guarantee"] == "7475M"  # which is MiB to JupyterHub
