# %% plain
import csv
import json
import os
import tempfile
from pathlib import Path

# %% file prices.csv
fruit,price
fig,2.5
pear,1.25
# %% file helpers.py
def check_mean(function):
    assert function([1, 2, 3]) == 2, "the mean of 1, 2 and 3 is 2"


class Checker:
    def __init__(self, made):
        self.made = made

    def run(self):
        assert self.made().speak() == "hi"


def double_all(values):
    return [2 * v for v in values]


# %% file expected.json
{"fig": 2.5, "pear": 1.25}


# %% answer files
def load(path):
    with open(path, newline="") as file:
        return {row["fruit"]: float(row["price"]) for row in csv.DictReader(file)}


def save(path, data):
    Path(path).write_text(json.dumps(data))


def lines(path):
    return Path(path).read_text().splitlines()


def append(path, text):
    with open(path, "a") as file:
        file.write(text + "\n")


def folders(base):
    return sorted(one.name for one in Path(base).iterdir() if one.is_dir())


def stem(path):
    return Path(path).stem


def here():
    return os.getcwd()


def setting(name, default="none"):
    return os.environ.get(name, default)


def mean(values):
    return sum(values) / len(values)


class Polite:
    def speak(self):
        return "hi"


def count(file):
    return sum(1 for _ in file)


home = Path("data") / "raw"
prices = load("prices.csv")
Path("notes.txt").write_text("one\ntwo\n")
# %% test beside
assert prices == {"fig": 2.5, "pear": 1.25}
# %% test with_json
assert prices == json.loads(Path("expected.json").read_text())
# %% test path_value
assert home == Path("data/raw") and isinstance(home, Path) and home.parts == ("data", "raw")
# %% test left_behind
assert Path("notes.txt").read_text() == "one\ntwo\n"
# %% test exists
assert os.path.exists("notes.txt") and not os.path.exists("other.txt")
# %% test saves
save("out.json", {"a": [1, 2]})
assert json.loads(Path("out.json").read_text()) == {"a": [1, 2]}
# %% test temporary_folder
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.json")
    save(path, [1])
    assert json.load(open(path)) == [1]
# %% test reads_the_tests_file
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "in.txt"
    path.write_text("a\nb\n")
    assert lines(path) == ["a", "b"]
# %% test written_here
Path("poem.txt").write_text("x\ny\nz\n")
assert lines("poem.txt") == ["x", "y", "z"]
# %% test appended
Path("log.txt").write_text("")
append("log.txt", "one")
append("log.txt", "two")
assert Path("log.txt").read_text() == "one\ntwo\n"
# %% test listed
os.makedirs("tree/a", exist_ok=True)
os.makedirs("tree/b", exist_ok=True)
assert folders("tree") == ["a", "b"]
# %% test stem_of_path
assert stem(Path("a/b.tar")) == "b" and stem("c.txt") == "c"
# %% test directory
before = os.getcwd()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    try:
        assert os.path.realpath(here()) == os.path.realpath(folder)
    finally:
        os.chdir(before)
# %% test environment
os.environ["SHOP_MODE"] = "test"
try:
    assert setting("SHOP_MODE") == "test"
finally:
    del os.environ["SHOP_MODE"]
assert setting("SHOP_MODE") == "none"
# %% test patched_environment
from unittest.mock import patch

with patch.dict(os.environ, {"SHOP_MODE": "patched"}):
    assert setting("SHOP_MODE") == "patched"
assert setting("SHOP_MODE") == "none"
# %% test variable_removed
os.environ["SHOP_TAX"] = "7"
assert setting("SHOP_TAX", "0") == "7"
os.environ.pop("SHOP_TAX")
assert setting("SHOP_TAX", "0") == "0"
# %% test monkeypatched
import pytest

with pytest.MonkeyPatch.context() as monkeypatch, tempfile.TemporaryDirectory() as folder:
    monkeypatch.setenv("SHOP_MODE", "m")
    monkeypatch.chdir(folder)
    assert setting("SHOP_MODE") == "m" and here() == os.path.realpath(folder)
assert here() == os.getcwd() and setting("SHOP_MODE") == "none"
# %% test directory_left
os.chdir(tempfile.mkdtemp())
os.chdir(before)
assert prices == load("prices.csv")
# %% test missing_file
try:
    lines("nowhere.txt")
except FileNotFoundError:
    pass
else:
    raise AssertionError("it found a file that is not there")
# %% test helper_function
from helpers import check_mean

check_mean(mean)
# %% test helper_class
import helpers

helpers.Checker(Polite).run()
# %% test helper_value
assert helpers.double_all(list(prices.values())) == [5.0, 2.5]
# %% test file_given
import io

assert count(io.StringIO("a\nb\nc\n")) == 3
# %% test open_file_given
with open("prices.csv") as file:
    assert count(file) == 3


# %% wrong none files
def load(path):
    return {"fig": 2.5}


def save(path, data):
    pass


def lines(path):
    return []


def append(path, text):
    pass


def folders(base):
    return ["a"]


def stem(path):
    return path


def here():
    return "/"


def setting(name, default="none"):
    return "test"


def mean(values):
    return 0


class Polite:
    def speak(self):
        return ""


def count(file):
    return 2


home = "data/raw"
prices = load("prices.csv")
