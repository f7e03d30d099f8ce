import pytest

from hub_config.kubernetes import target
from hub_config.kubernetes.target import TargetError
from hub_config.machines.profiles import ProfileError
from tests.hub_config.kubernetes.pod import filled


@pytest.mark.parametrize("name", target.NAMES)
def test_every_target_can_be_read_as_it_is_shipped(name):
    found = target.load(name, secrets=False)
    assert found.name == name
    assert found.files == (target.COMMON, target.FOLDER / f"{name}.yaml")
    assert found.custom.course == "dlef"


def test_an_operators_file_wins_and_its_secrets_win_over_it(tmp_path):
    path = filled(tmp_path, custom={"course": {"id": "ml"}, "groups": {"gpu-lab": ["bob"]}})
    found = target.load(str(path))
    assert found.custom.course == "ml"
    assert found.custom.groups == {"instructors": ("ada",), "gpu-lab": ("bob",)}
    assert found.values["hub"]["config"]["JupyterHub"] == {
        "admin_access": False,
        "authenticator_class": "github",
    }
    without = target.load(str(path), secrets=False)
    assert without.values["hub"]["config"]["JupyterHub"]["authenticator_class"] == "null"


def test_a_target_may_bring_its_own_machines(tmp_path):
    text = (target.FOLDER.parent / "profiles.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("CHF", "EUR"))
    path = filled(tmp_path, custom={"profiles": "mine.toml"})
    assert target.load(str(path)).profiles.currency == "EUR"
    with pytest.raises(ProfileError, match=r"there is no .*other\.toml"):
        target.load(str(filled(tmp_path, custom={"profiles": "other.toml"})))


def test_values_merge_as_helm_merges_them():
    below = {"a": {"b": 1, "c": [1]}, "d": 2}
    assert target.merge(below, {"a": {"c": [2]}, "d": None, "e": {"f": 3}}) == {
        "a": {"b": 1, "c": [2]},
        "d": None,
        "e": {"f": 3},
    }
    assert below == {"a": {"b": 1, "c": [1]}, "d": 2}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("prodction", "found the target 'prodction', expected one of laptop, staging, production"),
        ("prodction", "did you mean 'production'?"),
        ("nowhere.yaml", "there is no nowhere.yaml; write one, or name another"),
        ("a.secrets.yaml", "is no target: a file of secrets is read together with the target"),
        ("oauth.example.yaml", "an example is for copying"),
    ],
)
def test_what_is_no_target_is_said_in_words(name, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError) as found:
        target.load(name)
    assert sentence in str(found.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("custom: [", "mine.yaml is not valid YAML, so correct it: "),
        ("- custom", "mine.yaml holds no mapping of settings"),
        ("hub:\n  db: {}\nhub:\n  config: {}", "the key 'hub' is there twice"),
        ("custom: {cours: {id: a}}", "custom has the unknown key 'cours'; did you mean 'course'?"),
        ("custom: []", "custom is []; write a mapping"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered(text, sentence, tmp_path):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(TargetError) as found:
        target.load(str(tmp_path / "mine.yaml"))
    assert sentence in str(found.value)
    assert all(one.startswith("mine.yaml") for one in found.value.args)
