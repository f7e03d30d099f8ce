"""The student's code sees the directory and environment of a test, until the cell ends."""

from pathlib import Path

from tests.autograder.pair import student

CODE = """
    import os

    def look():
        return os.getcwd(), os.environ.get("SHOP"), os.environ.get("TAX")

    def change():
        os.environ["SHOP"] = os.environ["OWN"] = "student"
        return os.environ["SHOP"]

    def own():
        return os.environ.get("OWN")

    def go(place):
        os.chdir(place)

    def vanish():
        os.rmdir(os.getcwd())
"""


def test_what_a_test_sets_holds_until_its_cell_ends(monkeypatch, tmp_path):
    here = str(Path.cwd())
    monkeypatch.setenv("TAX", "7")
    with student(CODE) as theirs:
        look = theirs.look
        theirs.link.names.cell = 1
        assert look() == (here, None, "7")
        monkeypatch.setenv("SHOP", "test")
        monkeypatch.delenv("TAX")
        monkeypatch.chdir(tmp_path)
        assert look() == (str(tmp_path), "test", None)
        theirs.link.names.cell = 2
        assert look() == (here, None, "7")


def test_what_the_students_code_changes_by_itself_stays(monkeypatch, tmp_path):
    with student(CODE) as theirs:
        theirs.link.names.cell = 1
        look = theirs.look
        look()
        monkeypatch.setenv("SHOP", "test")
        assert theirs.change() == "student"
        assert theirs.own() == "student"
        theirs.go(str(tmp_path))
        theirs.link.names.cell = 2
        assert look()[0] == str(tmp_path)


def test_a_directory_that_is_gone_ends_nothing(monkeypatch, tmp_path):
    here = str(Path.cwd())
    folder = tmp_path / "folder"
    folder.mkdir()
    with student(CODE) as theirs:
        theirs.link.names.cell = 1
        look, vanish = theirs.look, theirs.vanish
        monkeypatch.chdir(folder)
        vanish()
        monkeypatch.chdir(tmp_path)
        assert look()[0] == str(tmp_path)
        monkeypatch.chdir(here)
        assert look()[0] == here
