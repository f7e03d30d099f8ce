"""The table in the README that says where each setting is, held against the files themselves."""

import ast
import re
import tomllib

import pytest
import yaml

from hub_config.kubernetes import settings, target

FOLDER = target.FOLDER.parent
HEAD = "| setting | key | file |"
#: What a row may call a file, and which files it means.
FILES = {
    "kubernetes/common.yaml": ("common",),
    "kubernetes/NAME.yaml": target.NAMES,
    "kubernetes/NAME.secrets.yaml": ("oauth.example", "lti.example"),
}


def rows():
    """Every key of the table, with its file."""
    text = (FOLDER / "README.md").read_text()
    assert text.count(HEAD) == 1, f"hub_config/README.md has no table '{HEAD}'"
    table = text.partition(HEAD)[2].partition("\n\n")[0].splitlines()[2:]
    for line in table:
        _, _, keys, file, _ = line.split("|")
        (name,) = re.findall("`(.*?)`", file)
        for key in re.findall("`(.*?)`", keys):
            yield key, name


def leaves(values, where=""):
    """Every key of values that has no keys below it, with dots; a list's tables count as one."""
    if isinstance(values, list) and values and isinstance(values[0], dict) and where == "profiles":
        for one in values:
            yield from (f"{where}.{key}" for key in one)
    elif isinstance(values, dict) and values:
        for key, value in values.items():
            yield from leaves(value, f"{where}.{key}" if where else str(key))
    else:
        yield where


def said(name):
    """Every setting that a file of the table holds."""
    if name == "profiles.toml":
        with (FOLDER / name).open("rb") as file:
            return set(leaves(tomllib.load(file)))
    if name in FILES:
        files = (target.FOLDER / f"{one}.yaml" for one in FILES[name])
        return {key for file in files for key in leaves(yaml.safe_load(file.read_text()))}
    found = set()
    for node in ast.parse((FOLDER / name).read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for one in targets:
            names = one.elts if isinstance(one, ast.Tuple) else [one]
            found |= {each.id for each in names if isinstance(each, ast.Name)}
    return found


def covers(row, key):
    return key == row or key.startswith(f"{row}.")


def test_every_row_names_a_setting_of_its_file():
    for key, name in rows():
        assert any(covers(key, one) for one in said(name)), f"{key} is not in {name}"


@pytest.mark.parametrize("name", ["profiles.toml", *FILES])
def test_every_setting_of_a_file_is_in_the_table(name):
    known = [key for key, file in rows() if file == name]
    for one in said(name):
        if name == "kubernetes/common.yaml" and one.endswith("authenticator_class"):
            continue  # a locked door, which says nothing of who may log in
        assert any(covers(key, one) for key in known), f"{one} of {name} is not in the table"


def test_no_setting_is_in_two_places():
    places = {}
    for name in FILES:
        for one in said(name):
            if not one.endswith("authenticator_class"):
                places.setdefault(one, []).append(name)
    assert {one: names for one, names in places.items() if len(names) > 1} == {}
    keys = [key for key, _ in rows()]
    assert len(keys) == len(set(keys))


def test_what_a_target_derives_is_not_said_in_its_files():
    """Images and culling come from `custom:` and defaults.py; here they would be said twice."""
    for name in FILES:
        for one in said(name):
            assert not one.startswith(("cull.", "singleuser.image", "hub.services"))


def test_every_setting_of_ours_is_explained_in_or_below_the_table():
    text = (FOLDER / "README.md").read_text().partition(HEAD)[2].partition("\n## ")[0]
    for name in settings._KNOWN:
        assert f"`custom.{name}" in text
