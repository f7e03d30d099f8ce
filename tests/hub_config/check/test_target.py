"""Broken targets: each is answered by exactly the sentences that its operator needs.

A file in ``broken/`` is laid over a target that is right: values (YAML), or words to replace in
profiles.toml (TOML). Its comments hold the sentences; "needs the chart": only its schema knows.
"""

import json
import random
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from course.syllabus import Assignment, Course, Day, Lecture
from hub_config.check import chart
from hub_config.check import target as check_target
from hub_config.kubernetes import target
from tests.hub_config import targets

ROOT = Path(__file__).parents[3]
BROKEN = sorted((Path(__file__).parent / "broken").iterdir())
PROFILES = (ROOT / "hub_config" / "profiles.toml").read_text()
#: The chart's own files, which are not ours to commit.
CHART = ROOT.parent / "shared" / "z2jh"
needs_chart = pytest.mark.skipif(
    not CHART.is_dir(),
    reason=f"needs values.schema.yaml and values.yaml of the chart {chart.VERSION} in {CHART}",
)
NEEDED = "# needs the chart"


def said_by(path):
    """Return the sentences in a file's comments."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("# ")]
    return [line.removeprefix("# ") for line in lines if line != NEEDED]


def broken(path, folder):
    """Write the target that a file of `BROKEN` makes; return it."""
    text = path.read_text()
    if path.suffix == ".yaml":
        return targets.write(folder, over=text)
    words = tomllib.loads(text)
    assert words["old"] in PROFILES
    (folder / "mine.toml").write_text(PROFILES.replace(words["old"], words["new"], 1))
    return targets.write(folder, over="custom: {profiles: mine.toml}")


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_target_is_answered_with_what_its_operator_needs(path, tmp_path):
    with_chart = NEEDED in path.read_text()
    if with_chart and not CHART.is_dir():
        pytest.skip(needs_chart.kwargs["reason"])
    found = check_target.check(str(broken(path, tmp_path)), chart=CHART if with_chart else None)
    assert sorted(one.replace(f"{tmp_path}/", "") for one in found) == sorted(said_by(path))


@pytest.mark.slow
@needs_chart
@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_chart_s_schema_says_nothing_twice(path, tmp_path):
    found = check_target.check(str(broken(path, tmp_path)), chart=CHART)
    assert sorted(one.replace(f"{tmp_path}/", "") for one in found) == sorted(said_by(path))


def test_enough_is_broken():
    assert len(BROKEN) >= 25
    assert all(said_by(path) for path in BROKEN)


#: Faults of which none hides another.
APART = [
    "key_top",
    "key_of_a_service",
    "key_of_kubernetes",
    "trait_unknown",
    "secret_placeholder",
    "https_contact",
    "image_latest",
    "group_unknown",
    "gpu_two_kinds",
    "network_policy_off",
    "metadata_open",
    "service_account",
    "database_in_memory",
    "homes_in_gigabytes",
    "warm_time_zone",
    "warm_without_priority",
]


@pytest.mark.parametrize("seed", range(12))
def test_of_several_faults_each_is_named(seed, tmp_path):
    chosen = random.Random(seed).sample(APART, 2 + seed % 4)
    paths = [path for path in BROKEN if path.stem in chosen]
    over = {}
    for path in paths:
        over = target.merge(over, yaml.safe_load(path.read_text()))
    written = targets.write(tmp_path, over=yaml.safe_dump(over))
    said = [sentence for path in paths for sentence in said_by(path)]
    assert sorted(check_target.check(str(written))) == sorted(said)


@pytest.mark.parametrize("login", ["LOGIN", "PLATFORM"])
@pytest.mark.parametrize("name", target.NAMES)
@pytest.mark.parametrize("schema", [None, pytest.param(CHART, marks=needs_chart)])
def test_our_own_targets_are_right_once_they_are_filled_in(name, login, schema, tmp_path):
    path = targets.write(tmp_path, name, getattr(targets, login))
    assert check_target.check(str(path), chart=schema) == []


@pytest.mark.parametrize("name", target.NAMES)
def test_our_own_targets_wait_for_what_only_an_operator_knows(name, monkeypatch):
    read = target.read
    monkeypatch.setattr(target, "read", lambda name, **_: read(name, secrets=False))
    for sentence in check_target.check(name):
        waiting = " is still the placeholder '" in sentence and "CHANGE_ME" in sentence
        assert waiting or sentence.startswith("hub.config.JupyterHub.authenticator_class is 'null'")


def test_files_that_cannot_be_read_are_named(tmp_path):
    path = tmp_path / "mine.yaml"
    for text, sentence in (
        ("hub: [", "mine.yaml is not valid YAML, so correct it: "),
        ("hub: {}\nhub: {}", "the key 'hub' is there twice"),
        ("on: 3", "the key True is no text, so quote it"),
        ("- hub", "mine.yaml holds no mapping of settings; write 'key: value' lines"),
    ):
        path.write_text(text)
        (found,) = check_target.check(str(path))
        assert sentence in found
    path.unlink()
    assert check_target.check(str(path)) == [f"there is no {path}; write one, or name another"]


def test_an_empty_file_is_told_what_it_lacks(tmp_path):
    (tmp_path / "mine.yaml").write_text("")
    found = check_target.check(str(tmp_path / "mine.yaml"))
    assert "mine.yaml: custom has no 'images'; add it" in found
    assert "proxy.https.hosts is empty; write the name under which students reach the hub" in found


def places(known, where=()):
    """Yield the way to every key of the chart, and to ours."""
    for key, below in known.items():
        way = (*where, "Name" if key == chart.ANY else key)
        yield way
        if below:
            yield from places(below, way)


OURS = {
    "custom": {
        **dict.fromkeys(("course", "images", "groups", "provider_groups", "lti", "profiles")),
        "volumes": {"shared_gib": None},
        "warm": dict.fromkeys(("schedule", "time_zone", "minutes", "seats")),
        "plan": {"days": None},
    },
    "hub": {"config": {"JupyterHub": {"authenticator_class": None}, "GitHubOAuthenticator": None}},
}
WAYS = sorted({*places(chart.known_names()), *places(OURS)})


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(WAYS),
            st.sampled_from([None, True, 0, -1, "x", "", 1.5, [], [None], ["x"], {}, {"x": 1}]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_stands_anywhere_is_answered_in_words(whole, junk):
    values = json.loads(json.dumps(whole))
    for way, value in junk:
        inside = values
        for key in way[:-1]:
            if not isinstance(inside.get(key), dict):
                inside[key] = {}
            inside = inside[key]
        inside[way[-1]] = value
    found = check_target.judge(Path("mine.yaml"), values)
    assert all(isinstance(one, str) and len(one) > 20 for one in found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the values of a target that is right."""
    _, _, values = target.read(str(targets.write(tmp_path_factory.mktemp("whole"))))
    return values


@needs_chart
def test_the_names_of_the_chart_s_keys_are_those_of_its_schema():
    found = chart.names(chart.schema(CHART))
    assert found == chart.known_names(), "write chart.names(chart.schema(...)) to chart_keys.json"


@needs_chart
def test_the_chart_s_own_values_have_no_unknown_key():
    own = yaml.safe_load((CHART / "values.yaml").read_text())
    assert list(chart.unknown_keys(own, chart.known_names())) == []
    assert list(chart.wrong_values(own, CHART)) == []


def test_a_lecture_that_asks_for_what_there_is_not_is_named(tmp_path):
    lecture = Lecture("day1_a", "A", (), "gpu-hole", Assignment("day1_a", 1.0))
    taught = Course("A course", (Day(1, "First", (lecture,)),))
    found = check_target.check(str(targets.write(tmp_path)), syllabus=taught)
    assert found == [
        "course/syllabus.toml: day1_a asks for the profile 'gpu-hole', which does not exist; did "
        "you mean 'gpu-whole'?"
    ]


def test_a_lecture_that_asks_for_what_students_may_not_use_is_named(tmp_path):
    lecture = Lecture("day6_a", "A", (), "gpu-whole", Assignment("day6_a", 1.0))
    taught = Course("A course", (Day(6, "Sixth", (lecture,)),))
    assert check_target.check(str(targets.write(tmp_path)), syllabus=taught) == [
        "course/syllabus.toml: day6_a asks for the profile 'gpu-whole', which is not for students; "
        "add them to its groups, or let the lecture ask for another"
    ]
