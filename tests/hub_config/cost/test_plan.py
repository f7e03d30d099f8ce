"""Plans against sums done by hand, and against what must hold of any class."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from course import syllabus
from course.syllabus import Assignment, Course, Day, Lecture
from hub_config.cost import table as cost_table
from hub_config.cost.plan import PlanError, costs, plan
from hub_config.kubernetes import target
from hub_config.machines import node_pools

#: Two servers fill a CPU node (processors), four a GPU node (GPUs); prices are whole numbers.
PROFILES = """
currency = "CHF"
groups = ["students", "instructors"]
[[profiles]]
name = "cpu-small"
title = "CPU"
purpose = "Everything"
cpu = 2
memory_gib = 4
price_per_hour = 2
max_hours = 12
image = "cpu"
groups = ["students", "instructors"]
selector = { "dlef/pool" = "cpu" }
[[profiles]]
name = "gpu-shared"
title = "GPU"
purpose = "Some things"
cpu = 2
memory_gib = 4
price_per_hour = 5
max_hours = 2
image = "gpu"
groups = ["students", "instructors"]
selector = { "dlef/pool" = "gpu" }
tolerations = [{ key = "nvidia.com/gpu", operator = "Exists" }]
accelerator = { title = "GPU", resource = "nvidia.com/gpu", count = 1 }
[[pools]]
name = "core"
machine = "small"
cpu = 4
memory_gib = 16
price_per_hour = 1
[[pools]]
name = "cpu"
machine = "middle"
cpu = 2
memory_gib = 16
price_per_hour = 3
[[pools]]
name = "gpu"
machine = "large"
cpu = 16
memory_gib = 64
price_per_hour = 10
accelerators = { "nvidia.com/gpu" = 4 }
[storage]
disk_per_gib_month = 1
shared_per_gib_month = 2
"""
VALUES = """
custom:
  profiles: mine.toml
  images: {cpu: "r/c:1", gpu: "r/g:1", grader: "r/a:1"}
  groups: {instructors: [eva]}
  volumes: {shared_gib: 30}
  plan: {days: 2, hours_per_day: 4}
singleuser: {storage: {capacity: 5Gi}}
hub: {db: {pvc: {storage: 1Gi}}}
"""


def lecture(day, name, compute, asked=False):
    name = f"day{day}_{name}"
    return Lecture(name, name, (), compute, Assignment(name, 1.0) if asked else None)


TAUGHT = Course(
    "A course",
    (
        Day(1, "First", (lecture(1, "a", "cpu-small", asked=True),)),
        Day(
            2,
            "Second",
            (
                lecture(2, "a", "gpu-shared"),
                lecture(2, "b", "cpu-small"),
                lecture(2, "c", "cpu-small"),
                lecture(2, "d", "cpu-small"),
            ),
        ),
    ),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("target")
    (folder / "mine.toml").write_text(PROFILES)
    (folder / "small.yaml").write_text(VALUES)
    return target.load(str(folder / "small.yaml"))


def shown(planned):
    console = Console(file=io.StringIO(), width=150)
    for table in (cost_table.nodes, cost_table.offered, cost_table.disks):
        console.print(table(planned))
    for sentence in cost_table.sentences(planned):
        console.print(sentence, soft_wrap=True)
    return console.file.getvalue()


def test_a_small_plan_is_what_one_reckons_by_hand(small):
    found = plan(small, 4, TAUGHT)
    # Four students and one instructor, two on a CPU node (2 / 1), four on a GPU node.
    rows = [(r.what, r.servers, r.nodes, r.accelerators, r.hours, r.cost) for r in found.classes]
    assert rows == [
        ("day 1", 5, 3, 0, 4 + 1, 3 * 3 * 5),
        ("day 2", 5, 2, 8, 1, 2 * 10 * 1),  # a quarter of 4 hours
        ("day 2", 5, 3, 0, 3 + 1, 3 * 3 * 4),  # and an hour until idle servers end
    ]
    (core,) = found.always
    assert (core.nodes, core.hours, core.cost) == (1, 48, 48)
    # One of four submissions at a time: a worker of 4 GiB has 2 GiB for submissions.
    (graded,) = found.grading
    assert graded.what == "4 submissions"
    _, other = costs()
    assert graded.hours == pytest.approx(4 * other / 3600)
    assert [(d.gib, d.per_month) for d in found.disks] == [(25, 25), (1, 1), (30, 60)]
    assert found.per_hour == 1 + 20
    assert found.stored == round(86 * 2 / 30, 2)
    assert found.total == pytest.approx(45 + 20 + 36 + 48 + graded.cost + found.stored)
    assert found.shown == 5 * (5 * 2 + 1 * 5 + 4 * 2)


def test_what_is_shown_adds_up(small):
    text = shown(plan(small, 4, TAUGHT))
    for line in (
        "3 × cpu at 3.00, 2 on each",
        "2 × gpu at 10.00, 4 on each",
        "One hour costs at most 21.00 CHF",
        "5 homes of 5 GiB",
        "by the prices",
        "Not included: ",
        "All prices are the examples in profiles.toml",
    ):
        assert line.lower() in text.lower()


def test_each_machine_s_hour_is_shown_for_those_who_may_use_it():
    found = plan(target.load("production", secrets=False), 29)
    rows = {r.profile.name: (r.servers, r.nodes, r.accelerators, r.cost) for r in found.offered}
    assert rows["gpu-shared"] == (30, 8, 32, 8 * 0.70)  # four on each T4
    assert rows["gpu-slice"] == (1, 1, 7, 3.90)  # the one instructor; nobody is in gpu-lab
    assert rows["gpu-whole"] == (1, 1, 1, 2.70)
    assert "on the start page" in shown(found)


def test_warm_seats_are_billed_for_their_minutes(small, tmp_path):
    (tmp_path / "mine.toml").write_text(PROFILES)
    seats = {"schedule": "0 8 * * *", "time_zone": "UTC", "minutes": 30}
    seats["seats"] = {"gpu-shared": 5}
    over = f"{VALUES}\n".replace("\nsingleuser", f"\n  warm: {seats}\nsingleuser")
    (tmp_path / "warm.yaml").write_text(over)
    found = plan(target.load(str(tmp_path / "warm.yaml")), 4, TAUGHT)
    (_, warm) = found.always
    assert (warm.servers, warm.nodes, warm.hours, warm.cost) == (5, 2, 1, 20)
    assert "warm" not in " ".join(found.notes)
    more = plan(target.load(str(tmp_path / "warm.yaml")), 6, TAUGHT)
    assert more.notes[-1].startswith("5 of 6 students find a warm seat 'gpu-shared'; the others")
    assert found.total == pytest.approx(plan(small, 4, TAUGHT).total + 20)


def test_the_hub_s_nodes_hold_what_its_pods_ask_for(small, tmp_path):
    (tmp_path / "mine.toml").write_text(PROFILES)
    resources = "{requests: {cpu: 9, memory: 1Gi}}"
    over = VALUES.replace("hub: {", f"hub: {{resources: {resources}, ")
    (tmp_path / "large.yaml").write_text(over)
    (core,) = plan(target.load(str(tmp_path / "large.yaml")), 4, TAUGHT).always
    assert core.nodes == 3  # more than 8 of 4 each


def test_a_day_without_lectures_is_counted_and_said(small):
    found = plan(small, 4, Course("A course", TAUGHT.days[:1]))
    assert [row.what for row in found.classes] == ["day 1", "day 2"]
    assert found.notes == (
        "The syllabus lists no lecture for day 2: the machine that the start page suggests is "
        "counted.",
    )


def test_a_lesson_longer_than_a_server_may_run_is_said(small):
    days = (TAUGHT.days[0], Day(2, "Second", (lecture(2, "a", "gpu-shared"),)))
    assert plan(small, 4, Course("A course", days)).notes == (
        "A server 'GPU' ends after 2 hours, so students start a second one in a longer lesson.",
    )


@pytest.mark.parametrize("students", [0, -3])
def test_a_class_of_nobody_is_refused(small, students):
    with pytest.raises(PlanError, match=f"found {students} students, expected 1 or more"):
        plan(small, students, TAUGHT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(students=st.integers(1, 3000), more=st.integers(0, 200))
def test_more_students_never_cost_less_and_all_have_room(small, students, more):
    one, other = plan(small, students, TAUGHT), plan(small, students + more, TAUGHT)
    assert other.total >= one.total - 0.005
    assert other.per_hour >= one.per_hour
    for less, row in zip(one.classes, other.classes, strict=True):
        assert isinstance(row.nodes, int)
        assert row.nodes >= less.nodes
        room = row.pool.room(row.profile)
        assert row.nodes * room >= row.servers > (row.nodes - 1) * room
    amounts = (*(r.cost for r in one.classes + one.always + one.grading), one.stored)
    assert one.total == pytest.approx(sum(amounts))


@pytest.mark.parametrize("name", ["staging", "production"])
def test_our_own_targets_can_be_planned_before_they_are_filled_in(name):
    found = plan(target.load(name, secrets=False), 30)
    assert len({row.what for row in found.classes}) == found.days
    for row in found.classes:
        assert row.pool.room(row.profile) * row.nodes >= row.servers == 30 + found.instructors


def test_every_assignment_s_cost_was_measured():
    measured, other = costs()
    assert {one.name for one in syllabus.load().assignments()} == set(measured)
    assert all(0 < seconds <= other < 60 for seconds in measured.values())


def test_a_file_without_pools_says_so(small, tmp_path):
    (tmp_path / "mine.toml").write_text(PROFILES[: PROFILES.index("[[pools]]")])
    (tmp_path / "small.yaml").write_text(VALUES)
    with pytest.raises(node_pools.ProfileError, match=r"mine\.toml: the file has no 'pools'"):
        plan(target.load(str(tmp_path / "small.yaml")), 4, TAUGHT)


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        ("capacity: 5Gi", "capacity: 5GB", "singleuser.storage.capacity is '5GB'; write a number"),
        ("storage: 1Gi", "storage: 1GB", "hub.db.pvc.storage is '1GB'; write a number"),
        (
            "hub: {",
            "hub: {resources: {requests: {memory: 512MB}}, ",
            "hub.resources.requests.memory is '512MB'; write a number",
        ),
    ],
)
def test_an_amount_that_is_none_is_named(small, tmp_path, right, wrong, where):
    (tmp_path / "mine.toml").write_text(PROFILES)
    (tmp_path / "wrong.yaml").write_text(VALUES.replace(right, wrong))
    with pytest.raises(PlanError, match=where):
        plan(target.load(str(tmp_path / "wrong.yaml")), 4, TAUGHT)


def test_warm_seats_are_planned_where_no_taint_is_tolerated_by_all(small, tmp_path):
    (tmp_path / "mine.toml").write_text(PROFILES)
    seats = {"schedule": "0 8 * * *", "time_zone": "UTC", "minutes": 30, "seats": {"cpu-small": 1}}
    over = f"{VALUES}\nscheduling: {{userPods: {{tolerations: }}}}\n"
    (tmp_path / "warm.yaml").write_text(over.replace("\nsingle", f"\n  warm: {seats}\nsingle"))
    (_, warm) = plan(target.load(str(tmp_path / "warm.yaml")), 4, TAUGHT).always
    assert warm.servers == 1
