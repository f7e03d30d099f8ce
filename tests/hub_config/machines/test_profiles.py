from pathlib import Path

import pytest

from course import syllabus
from hub_config.machines import profiles
from hub_config.machines.profiles import ProfileError

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "hub_config" / "profiles.toml").read_text()
TAINT = '{ key = "nvidia.com/gpu", operator = "Exists", effect = "NoSchedule" }'


def test_there_is_a_machine_for_every_purpose():
    names = [profile.name for profile in profiles.load().profiles]
    assert names == ["cpu-small", "cpu-large", "gpu-shared", "gpu-slice", "gpu-whole"]


def test_lectures_may_ask_for_what_there_is():
    names = {profile.name for profile in profiles.load().profiles}
    assert set(syllabus.COMPUTE_PROFILES) == names


def test_everybody_who_is_in_a_group_can_start_something():
    found = profiles.load()
    for group in ("students", "instructors"):
        assert found.allowed({group})


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        ({"students"}, {"cpu-small", "cpu-large", "gpu-shared"}),
        ({"students", "gpu-lab"}, {"cpu-small", "cpu-large", "gpu-shared", "gpu-slice"}),
        ({"instructors"}, {"cpu-small", "cpu-large", "gpu-shared", "gpu-slice", "gpu-whole"}),
        ({"gpu-lab"}, {"gpu-slice"}),
        (set(), set()),
    ],
)
def test_who_may_use_what(groups, names):
    assert {profile.name for profile in profiles.load().allowed(groups)} == names


def test_an_unknown_profile_is_answered_with_the_likeliest():
    with pytest.raises(ProfileError, match="did you mean 'gpu-whole'"):
        profiles.load().profile("gpu-hole")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('currency = "CHF"', "", "the file has no 'currency'; add it"),
        ("max_hours = 12", "max_hour = 12", "unknown key 'max_hour'; did you mean 'max_hours'?"),
        ("max_hours = 12", "max_hours = 0", "'cpu-small' has max_hours = 0; give it more than 0"),
        ("cpu = 2", "cpu = true", "profile 'cpu-small' has cpu = True; write a number"),
        ("cpu = 2", 'cpu = "2"', "profile 'cpu-small' has cpu = '2'; write a number"),
        ("cpu = 2", "cpu = inf", "profile 'cpu-small' has cpu = inf; give it more than 0"),
        ("price_per_hour = 0.10", "", "profile 'cpu-small' has no 'price_per_hour'; add it"),
        ("price_per_hour = 0.10", "price_per_hour = -1", "price_per_hour = -1; give 0 or more"),
        ('name = "cpu-large"', 'name = "cpu-small"', "profile 'cpu-small' is there twice"),
        ('["gpu-lab", "instructors"]', "[]", "profile 'gpu-slice' is for no group"),
        ('["gpu-lab", "instructors"]', '["gpulab"]', "'gpulab'; did you mean 'gpu-lab'?"),
        ('image = "cpu"', 'image = "gpus"', "unknown image 'gpus'; did you mean 'gpu'?"),
        ('image = "cpu"', 'image = "gpu"', "has the image 'gpu' and no accelerator"),
        ('image = "gpu"', 'image = "cpu"', "has an accelerator and the image 'cpu'; take 'gpu'"),
        (f"tolerations = [{TAINT}]", "", "has an accelerator and no toleration: nodes with GPUs"),
        (f"tolerations = [{TAINT}]", "tolerations = []", "has an accelerator and no toleration"),
        ('selector = { "dlef/pool" = "gpu-mig" }', "", "has an accelerator and no selector"),
        ('"gpu-mig" }', "7 }", "selects nodes by dlef/pool = 7; labels are texts"),
        ('operator = "Exists"', 'operator = "Exist"', "operator 'Exist'; did you mean 'Exists'?"),
        ('operator = "Exists"', 'operator = "Equal"', "'Equal' needs a value"),
        ('effect = "NoSchedule"', 'effect = "NoSchedul"', "did you mean 'NoSchedule'?"),
        ('resource = "nvidia.com/gpu"', 'resource = "gpu"', "'gpu', which is no resource"),
        ("count = 1", "count = 0", "has an accelerator with count = 0; give 1 or more"),
        ("count = 1", "count = 0.5", "accelerator, has count = 0.5; write a whole number"),
        ('title = "NVIDIA L40S", ', "", "accelerator, has no 'title'; add it"),
    ],
)
def test_what_cannot_be_is_said_in_words(tmp_path, old, new, sentence):
    assert old in TEXT
    path = tmp_path / "profiles.toml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ProfileError) as found:
        profiles.load(path)
    assert sentence in str(found.value)
    assert all(line.startswith("profiles.toml: ") for line in str(found.value).splitlines())


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    path = tmp_path / "profiles.toml"
    path.write_text(TEXT.replace("max_hours", "hours_max"))
    with pytest.raises(ProfileError) as found:
        profiles.load(path)
    assert len(found.value.args) == 10


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("profiles = [", "profiles.toml is not valid TOML, so correct it: "),
        ("currency = 'CHF'\ngroups = []\nprofiles = []", "there is no profile; nobody could"),
        ("currency = 'CHF'\ngroups = []\nprofiles = [3]", "profile 1 is 3; write it as a table"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text, sentence):
    path = tmp_path / "profiles.toml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=sentence):
        profiles.load(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ProfileError, match=r"there is no .*mine\.toml"):
        profiles.load(tmp_path / "mine.toml")


def test_a_folder_is_no_file_of_profiles(tmp_path):
    with pytest.raises(ProfileError, match=r"cannot be read \(Is a directory\); name a file"):
        profiles.load(tmp_path)
