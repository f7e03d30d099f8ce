from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_config.machines import node_pools, profile_list, profiles
from hub_config.machines.node_pools import Pool
from hub_config.machines.profiles import Accelerator, Profile, ProfileError

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "hub_config" / "profiles.toml").read_text()
FOUND = profiles.load()


def profile(cpu, memory_gib, count=0):
    gpu = Accelerator("A GPU", "nvidia.com/gpu", count) if count else None
    image = "gpu" if count else "cpu"
    return Profile("one", "", "", cpu, memory_gib, 1.0, 1, image, ("students",), gpu, {}, ())


def test_every_profile_has_nodes_that_cost_no_more_than_its_servers_together():
    found = node_pools.load(FOUND)
    for one in FOUND.profiles:
        pool = found.of(one)
        assert pool.price_per_hour <= pool.room(one) * one.price_per_hour, one.name


def test_a_worker_that_grades_has_all_of_its_profile_and_fits_too():
    found = node_pools.load(FOUND)
    for one in FOUND.profiles:
        assert one.cpu <= found.of(one).cpu, one.name


def test_a_profile_s_guarantee_is_what_its_server_asks_of_a_node():
    for one in FOUND.profiles:
        wanted = profile_list.override(one, FOUND.accelerators, {"cpu": "a:1", "gpu": "b:1"})
        assert wanted["cpu_guarantee"] == one.cpu_guarantee
        assert wanted["mem_guarantee"] == f"{one.memory_gib * 1024:g}M"  # MiB to JupyterHub


@pytest.mark.parametrize(
    ("cpu", "memory_gib", "gpus", "count", "room"),
    [
        (8, 64, 0, 0, 4),  # guaranteed half of 4 processors: 8 / 2
        (8, 12, 0, 0, 1),  # memory: 12 / 8
        (7.9, 64, 0, 0, 3),
        (8, 64, 3, 1, 3),  # accelerators: 3 / 1
        (8, 64, 3, 2, 1),
        (8, 64, 0, 1, 0),
        (1.9, 64, 0, 0, 0),
    ],
)
def test_a_node_has_room_for_so_many(cpu, memory_gib, gpus, count, room):
    pool = Pool("p", "", cpu, memory_gib, 1.0, {"nvidia.com/gpu": gpus} if gpus else {})
    assert pool.room(profile(4, 8, count)) == room


def test_tenths_are_counted_as_people_count_them():
    assert Pool("p", "", 0.3, 1.2, 1.0).room(profile(0.2, 0.4)) == 3


@given(
    st.integers(0, 2000),
    st.floats(0.1, 128),
    st.floats(0.1, 1024),
    st.integers(1, 8),
    st.integers(1, 8),
)
def test_nodes_hold_all_servers_and_one_fewer_would_not(servers, cpu, memory_gib, offered, count):
    one = profile(1.5, 3, count)
    pool = Pool("p", "", cpu, memory_gib, 1.0, {"nvidia.com/gpu": offered})
    room = pool.room(one)
    if not room:
        assert pool.lacks(one)
        return
    nodes = pool.nodes(one, servers)
    assert isinstance(nodes, int)
    assert (nodes - 1) * room < servers <= nodes * room or nodes == servers == 0
    assert room * one.cpu_guarantee <= cpu + 1e-6
    assert room * one.memory_gib <= memory_gib + 1e-6
    assert room * count <= offered


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('name = "gpu-mig"\nm', 'name = "gpu-mix"\nm', "'gpu-mig'; did you mean 'gpu-mix'?"),
        ('name = "core"', 'name = "hub"', "there is no pool 'core', on which the hub itself runs"),
        ('name = "gpu"\nm', 'name = "cpu"\nm', "pool 'cpu' is there twice"),
        ("price_per_hour = 2.70", "", "pool 'gpu' has no 'price_per_hour'; add it"),
        ("price_per_hour = 2.70", "price_per_hour = -1", "price_per_hour = -1; give 0 or more"),
        ("cpu = 3.9", "cpu = 0", "pool 'core' has cpu = 0; give it more than 0"),
        ("memory_gib = 13", "memory = 13", "unknown key 'memory'; did you mean 'memory_gib'?"),
        ('{ "nvidia.com/gpu" = 1 }', '{ "nvidia.com/gpu" = 0.5 }', "has 0.5 of nvidia.com/gpu"),
        ('{ "nvidia.com/gpu" = 1 }', '{ "nvidia.com/mps" = 1 }', "too little of nvidia.com/gpu;"),
        (
            '1 NVIDIA L40S"\ncpu = 15.8\nmemory_gib = 118',
            '1 NVIDIA L40S"\ncpu = 15.8\nmemory_gib = 40',
            "a node has too little of memory; give the pool",
        ),
        (
            '1 NVIDIA L40S"\ncpu = 15.8\nmemory_gib = 118',
            '1 NVIDIA L40S"\ncpu = 3\nmemory_gib = 40',
            "'gpu-whole' fits on no node of its pool 'gpu', so its servers would wait for ever: a "
            "node has too little of processors and memory",
        ),
        ('selector = { "dlef/pool" = "gpu" }', 'selector = { a = "b" }', "'gpu-whole' selects no"),
        ("disk_per_gib_month = 0.11", "", "storage has no 'disk_per_gib_month'; add it"),
        ("disk_per_gib_month = 0.11", "disk_per_gib_month = -1", "= -1; give 0 or more"),
        ("[storage]", "[[pools]]", "the file has no 'storage'; add it"),
    ],
)
def test_what_cannot_be_is_said_in_words(tmp_path, old, new, sentence):
    assert old in TEXT
    path = tmp_path / "profiles.toml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ProfileError) as found:
        node_pools.load(profiles.load(path), path)
    assert sentence in str(found.value)
    assert all(line.startswith("profiles.toml: ") for line in str(found.value).splitlines())


def test_a_file_without_pools_is_told_what_it_needs(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TEXT[: TEXT.index("[[pools]]")])
    with pytest.raises(ProfileError) as found:
        node_pools.load(profiles.load(path), path)
    assert found.value.args == (
        "mine.toml: the file has no 'pools'; add it",
        "mine.toml: the file has no 'storage'; add it",
    )
