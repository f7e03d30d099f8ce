import copy
import re

import pytest

from hub_config.kubernetes import settings
from hub_config.kubernetes.settings import CustomError

RIGHT = {
    "course": {"id": "dlef"},
    "images": {"cpu": "a:1", "gpu": "b:1", "grader": "c:1"},
    "groups": {"instructors": ["Ada"], "gpu-lab": []},
    "provider_groups": {"econ:teachers": "instructors"},
    "volumes": {"shared_class": "nfs", "shared_gib": 5},
    "warm": {"schedule": "15 8 * * 1", "time_zone": "UTC", "minutes": 9, "seats": {"cpu": 2}},
    "plan": {"days": 6, "hours_per_day": 7.5},
}
KNOWN = {"groups": ("students", "instructors", "gpu-lab"), "profiles": ("cpu", "gpu")}


def changed(path, value):
    """Return the right settings with another value at a path with dots; None removes it."""
    found = copy.deepcopy(RIGHT)
    *parents, last = path.split(".")
    section = found
    for key in parents:
        section = section[key]
    if value is None:
        del section[last]
    else:
        section[last] = value
    return found


def test_what_is_right_is_read():
    found = settings.read(RIGHT, **KNOWN)
    assert found.groups == {"instructors": ("Ada",), "gpu-lab": ()}
    assert found.warm == settings.Warm("15 8 * * 1", "UTC", 9, {"cpu": 2})
    assert (found.shared_class, found.shared_gib) == ("nfs", 5)
    assert (found.profiles, found.lti_context) == ("", "")


def test_what_is_optional_may_be_left_out():
    needed = {key: RIGHT[key] for key in ("course", "images", "volumes")}
    assert settings.read(needed, **KNOWN).warm is None


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("course", None, "custom has no 'course'; add it"),
        ("course.idd", "a", "custom.course has the unknown key 'idd'; did you mean 'id'?"),
        ("course.id", 3, "custom.course.id is 3; write a text"),
        ("course.id", "", "custom.course has no 'id'; add it"),
        ("course.id", "My Course", "custom.course.id is 'My Course'; write small letters"),
        ("course.id", "../dlef", "custom.course.id is '../dlef'; write small letters"),
        ("images.grader", None, "custom.images has no 'grader'; add it"),
        ("images.cpus", "a:1", "custom.images has the unknown key 'cpus'; did you mean 'cpu'?"),
        ("groups.instructor", ["a"], "unknown group 'instructor'; did you mean 'instructors'?"),
        ("groups.students", ["a"], "in which everybody is who may log in; remove it"),
        ("groups.gpu-lab", "bob", "custom.groups.gpu-lab is 'bob'; write a list of texts"),
        ("groups.gpu-lab", [3], "custom.groups.gpu-lab is [3]; write a list of texts"),
        ("groups.gpu-lab", ["a/../b"], "custom.groups.gpu-lab lists 'a/../b', which is no name"),
        ("groups.gpu-lab", ["instructor"], "lists 'instructor', which is no name on this hub"),
        ("provider_groups.x", "gpu-lap", "custom.provider_groups.x names the unknown group"),
        ("volumes.shared_gib", 0, "custom.volumes.shared_gib is 0; give it 1 or more"),
        ("volumes.shared_gib", "5", "custom.volumes.shared_gib is '5'; write a whole number"),
        ("volumes.shared_gib", True, "custom.volumes.shared_gib is True; write a whole number"),
        ("volumes.shared_gib", None, "custom.volumes has no 'shared_gib'; add it"),
        ("plan.days", 0, "custom.plan.days is 0; give it more than 0"),
        ("warm.seats", {"gup": 1}, "names no profile: 'gup'; did you mean 'gpu'?"),
        ("warm.seats", {"gpu": 0}, "custom.warm.seats.gpu is 0; give it 1 or more, or remove it"),
        ("warm.schedule", "8:15", "custom.warm.schedule is '8:15'; write minute, hour, day"),
        ("warm.time_zone", "Europe/Zurch", "which is none; did you mean 'Europe/Zurich'?"),
        ("warm.time_zone", "xyz", "'xyz', which is none; write one like 'Europe/Zurich'"),
        ("warm.minutes", None, "custom.warm has no 'minutes'; add it"),
        ("warm.minutes", 0, "custom.warm.minutes is 0; give it 1 or more"),
        ("lti", {"contexts": "7"}, "custom.lti has the unknown key 'contexts'; did you mean"),
    ],
)
def test_what_cannot_be_is_said_in_words(path, value, sentence):
    with pytest.raises(CustomError) as found:
        settings.read(changed(path, value), **KNOWN)
    assert sentence in str(found.value)


@pytest.mark.parametrize("name", ["ada", "a", "ada.l@econ.ch", "4711", "b_c-d"])
def test_a_name_that_is_a_folder_is_a_name(name):
    assert re.match(settings.USERNAME, name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "-a", "a/b", "a+b", "Ada", "a b", "a\n", "{username}", "instructor", 64 * "a"],
)
def test_a_name_that_could_be_another_folder_is_none(name):
    assert not re.match(settings.USERNAME, name)
