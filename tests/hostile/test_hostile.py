"""No attack wins a point, sees a hidden test, or touches anybody."""

import socket
import sqlite3

import pytest

from tests.autograder.building import wait_for
from tests.hostile.battery import ATTACKS, FAMILIES, listening, watched
from tests.hostile.target import CANARIES, INPUTS, NEIGHBOURS, SECRETS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sandbox,
    pytest.mark.xdist_group("hostile"),  # the battery is run once
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]


@pytest.mark.parametrize("name", ATTACKS)
def test_no_undeserved_points(battery, name):
    assert battery.outcomes[name].undeserved == {}


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_of_a_hidden_test_is_seen(battery, name):
    assert battery.outcomes[name].leaked == set()


@pytest.mark.parametrize("name", ATTACKS)
def test_the_grader_tells_no_input_of_a_hidden_test(battery, name):
    # What its own later cells print of what its functions were given is another matter.
    assert battery.outcomes[name].told == set()


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_of_anybody_else_is_seen(battery, name):
    assert battery.outcomes[name].reached == set()


@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if attack.verdicts])
def test_the_verdict_says_what_happened(battery, name):
    assert battery.outcomes[name].verdict in ATTACKS[name].verdicts


@pytest.mark.parametrize("name", ATTACKS)
def test_the_grader_does_not_fail(battery, name):
    assert battery.outcomes[name].verdict != "internal", battery.outcomes[name].message


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_honest_work_gets_what_it_deserves(battery, name):
    grades, _ = battery.undisturbed[name]
    _, deserved = NEIGHBOURS[name]
    assert {cell: grades[cell][0] for cell in deserved} == deserved


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_honest_work_is_graded_as_if_it_were_alone(battery, name):
    assert battery.neighbours[name] == battery.undisturbed[name]


def test_the_gradebook_is_sound(battery):
    assert battery.integrity == "ok"
    with sqlite3.connect(battery.root / "gradebook.db") as gradebook:
        students = {name for (name,) in gradebook.execute("select id from student")}
    assert students == {*ATTACKS, *NEIGHBOURS}


def test_whoever_is_graded_gets_feedback(battery):
    assert battery.mute == []


def test_nobody_opened_the_grader_s_files(battery):
    assert battery.touched == []


def test_no_file_of_the_course_changed(battery):
    assert battery.changed == []


def test_nobody_connected_to_the_grader_s_machine(battery):
    assert battery.connections == 0


def test_no_process_is_left(battery):
    assert battery.left == set()


# --- of the attacks themselves ------------------------------------------------------------------


def test_there_are_five_families():
    assert set(FAMILIES) == {"forge", "read", "reach", "exhaust", "disguise"}
    assert len(ATTACKS) == sum(map(len, FAMILIES.values())) >= 60


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_says_in_one_sentence_what_it_tries(name):
    tries = ATTACKS[name].tries
    assert tries.endswith(".")
    assert ". " not in tries


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_does_not_know_the_secrets(name):
    text = ATTACKS[name].text
    assert [word for word in (*CANARIES, *INPUTS, *SECRETS) if word in text] == [
        word for word in ("### BEGIN HIDDEN",) if name == "disguise-markers"
    ]


def test_the_watch_notices_a_reader(tmp_path):
    file = tmp_path / "secret"
    file.write_text("x")
    with watched([file]) as touched:
        assert touched() == []
        file.read_text()
        assert touched() == [str(file)]


def test_the_listeners_notice_a_connection():
    with listening() as (port, abstract, connections):
        socket.create_connection(("127.0.0.1", port)).close()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"\0{abstract}")
        wait_for(lambda: len(connections) == 2)
