from pathlib import Path

import pytest

from tests.results import __main__ as results

MODULE = '''"""A coin.

More about it."""


def measure(seeds: int) -> str:
    return f"| seeds |\\n| --- |\\n| {seeds} |"
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "HERE", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "RESULTS.md")
    for name in ("coin", "dice"):
        (tmp_path / f"{name}.py").write_text(MODULE.replace("A coin", f"A {name}"))
    real = results.importlib.import_module

    def imported(name):
        spec = results.importlib.util.spec_from_file_location(
            name, tmp_path / f"{name.rpartition('.')[2]}.py"
        )
        module = results.importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    monkeypatch.setattr(results.importlib, "import_module", imported)
    assert real is not imported
    return tmp_path


def test_every_section_has_its_title_its_module_and_its_numbers(here):
    assert results.main(["--seeds", "3"]) == 0
    text = (here / "RESULTS.md").read_text()
    assert text.index("## A coin\n") < text.index("## A dice\n")
    assert "*`tests/results/dice.py`, 3 seeds, " in text
    assert text.count("| 3 |") == 2


def test_one_measured_again_leaves_the_others_as_they_were(here):
    results.main(["--seeds", "3"])
    results.main(["coin", "--seeds", "7"])
    text = (here / "RESULTS.md").read_text()
    assert "| 7 |" in text
    assert "| 3 |" in text
    assert text.count("## ") == 2


@pytest.mark.parametrize("words", [["cion"], ["--seeds", "0"]])
def test_what_cannot_be_measured_is_refused(here, words, capsys):
    with pytest.raises(SystemExit) as end:
        results.main(words)
    assert end.value.code == 2
    assert words[-1] in capsys.readouterr().err


def test_what_is_committed_is_of_the_modules_that_there_are():
    path = Path(results.RESULTS)
    if path.exists():
        assert set(results.read(path.read_text())) <= {p.stem for p in results.HERE.glob("*.py")}
