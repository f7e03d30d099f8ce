import subprocess
import sys

import numpy as np
import pytest

from course.exercise import FALLBACK_SEED, SEED_VARIABLE, submission_rng


@pytest.fixture(autouse=True)
def no_seed_from_outside(monkeypatch):
    monkeypatch.delenv(SEED_VARIABLE, raising=False)


def draw(label="loss"):
    return submission_rng(label).standard_normal(5)


def test_a_stream_starts_afresh_at_every_call():
    np.testing.assert_array_equal(draw(), draw())


def test_labels_make_different_streams():
    assert not np.isclose(draw("loss"), draw("gradient")).any()


def test_submissions_meet_different_inputs(monkeypatch):
    monkeypatch.setenv(SEED_VARIABLE, "1f")
    one = draw()
    monkeypatch.setenv(SEED_VARIABLE, "20")
    assert not np.isclose(one, draw()).any()


def test_seed_and_label_do_not_run_into_each_other(monkeypatch):
    monkeypatch.setenv(SEED_VARIABLE, "1")
    one = draw("2x")
    monkeypatch.setenv(SEED_VARIABLE, "12")
    assert not np.isclose(one, draw("x")).any()


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_seed_counts_as_none(monkeypatch, blank):
    without = draw()
    monkeypatch.setenv(SEED_VARIABLE, blank)
    np.testing.assert_array_equal(draw(), without)


def test_without_a_seed_the_documented_fallback_is_used(monkeypatch):
    without = draw()
    monkeypatch.setenv(SEED_VARIABLE, FALLBACK_SEED)
    np.testing.assert_array_equal(draw(), without)


@pytest.mark.parametrize("spelling", ["0xAB", "0xab", "AB", " ab\n"])
def test_spellings_of_one_hexadecimal_number_agree(monkeypatch, spelling):
    monkeypatch.setenv(SEED_VARIABLE, "ab")
    expected = draw()
    monkeypatch.setenv(SEED_VARIABLE, spelling)
    np.testing.assert_array_equal(draw(), expected)


def test_a_whole_sha256_digest_is_a_seed(monkeypatch):
    monkeypatch.setenv(SEED_VARIABLE, "f" * 64)
    assert np.isfinite(draw()).all()


@pytest.mark.parametrize("broken", ["student-7", "0x", "1.5", "-1"])
def test_anything_but_a_number_is_refused(monkeypatch, broken):
    monkeypatch.setenv(SEED_VARIABLE, broken)
    with pytest.raises(ValueError, match=SEED_VARIABLE):
        submission_rng("loss")


def test_streams_agree_between_processes_whatever_the_hash_seed():
    code = "from course.exercise import submission_rng as r; print(r('loss').integers(2**62))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(printed) == 1


def test_streams_of_many_submissions_look_uniform(monkeypatch):
    means = []
    for seed in range(400):
        monkeypatch.setenv(SEED_VARIABLE, str(seed))
        means.append(submission_rng("loss").random())
    assert np.mean(means) == pytest.approx(0.5, abs=4 / np.sqrt(12 * 400))
