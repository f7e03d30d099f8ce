import sys
from pathlib import Path

import pytest

from hub_config import __main__
from hub_config.laptop import proxy


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(proxy, "proxy_home", lambda: tmp_path / "proxy")
    return tmp_path / "proxy"


def test_node_is_called_directly():
    binary = proxy.node()
    assert binary is not None
    assert binary.read_bytes()[:4] == b"\x7fELF"  # not the script of the same name


def test_without_the_node_proxy_the_python_one_serves(elsewhere):
    assert proxy.command()[0] == sys.executable
    assert Path(proxy.command()[1]).is_file()


def test_the_installed_node_proxy_serves(elsewhere):
    package = elsewhere / "node_modules" / "configurable-http-proxy"
    package.mkdir(parents=True)
    (package / "package.json").write_text(f'{{"version": "{proxy.CHP_VERSION}"}}')
    assert proxy.command()[0] == str(proxy.node())
    assert proxy.install() is False


def test_another_version_does_not_serve(elsewhere):
    package = elsewhere / "node_modules" / "configurable-http-proxy"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.0.0"}')
    assert proxy.command()[0] == sys.executable


@pytest.mark.parametrize("interrupted", [KeyboardInterrupt, None])
def test_what_an_interrupted_installation_leaves_does_not_serve(
    elsewhere, monkeypatch, interrupted
):
    steps = []

    def npm(argv: list[str]) -> None:
        steps.append(argv)
        if "install" in argv:
            package = Path(argv[argv.index("--prefix") + 1], "node_modules/configurable-http-proxy")
            package.mkdir(parents=True)
            (package / "package.json").write_text(f'{{"version": "{proxy.CHP_VERSION}"}}')
        elif interrupted:
            raise interrupted

    monkeypatch.setattr(proxy, "_run", npm)
    if interrupted:
        with pytest.raises(interrupted):
            proxy.install()
        assert proxy.command()[0] == sys.executable
    else:
        assert proxy.install() is True
        assert proxy.command()[0] == str(proxy.node())
    assert len(steps) == 2
    left = [path.name for path in elsewhere.parent.iterdir()]
    assert left == ([] if interrupted else ["proxy"])


def test_where_npm_does_not_answer_one_line_says_so(elsewhere, monkeypatch, capsys):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    assert __main__.main(["install-proxy"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("The hub will use the pure-Python proxy, because")
    assert said.count("\n") == 1
    assert not elsewhere.exists()


def test_where_there_is_no_node_one_line_says_so(elsewhere, monkeypatch, capsys):
    monkeypatch.setattr(proxy, "node", lambda: None)
    assert __main__.main(["install-proxy"]) == 0
    assert "no Node for this machine" in capsys.readouterr().out


def test_unknown_words_are_refused(capsys):
    assert __main__.main(["install"]) == 2
    assert "usage:" in capsys.readouterr().err
