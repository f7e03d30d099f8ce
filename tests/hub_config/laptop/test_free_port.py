"""A port chosen for a server that is still starting stays free until it listens."""

import socket

import pytest

from hub_config.laptop import free_port as module
from hub_config.laptop.free_port import HOST, LOWEST, free_port

RANGE = module.RANGE.read_text().split() if module.RANGE.exists() else None


@pytest.mark.skipif(RANGE is None, reason="only Linux says which ports it gives away")
def test_the_system_gives_such_a_port_to_nobody_by_itself():
    ports = [free_port() for _ in range(200)]
    assert all(LOWEST <= port < int(RANGE[0]) for port in ports)
    assert len(set(ports)) > 150  # at random: several hubs choose at once


def test_a_port_on_which_somebody_listens_is_not_chosen(monkeypatch, tmp_path):
    first = free_port()
    monkeypatch.setattr(module, "RANGE", tmp_path / "range")
    (tmp_path / "range").write_text(f"{first + 2}\t60999\n")
    monkeypatch.setattr(module, "LOWEST", first)
    with socket.socket() as busy:
        busy.bind((HOST, first))
        busy.listen()
        assert {free_port() for _ in range(20)} == {first + 1}


@pytest.mark.parametrize("text", [None, "", "many few", "1024\t65535\n"])
def test_where_the_system_keeps_none_back_any_free_port_does(text, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "RANGE", tmp_path / "range")
    if text is not None:
        (tmp_path / "range").write_text(text)
    with socket.socket() as server:
        server.bind((HOST, free_port()))
        server.listen()
