"""Schedules are read as the parser of Kubernetes' CronJob reads them (robfig/cron v3)."""

import pytest

from hub_config.kubernetes import cron


@pytest.mark.parametrize(
    "schedule",
    [
        "15 8 * * 1-6",
        "*/15 8-18/2 1,15 * MON-FRI",
        "0 0 1 jan,JUL ?",
        "5/10 * * * *",
        "0 8 * * 0",
        "59 23 31 12 6",
        "00 08 * * sun",
        "1-1 * * * *",
        "1,,3 * * * *",
    ],
)
def test_what_kubernetes_takes_is_right(schedule):
    assert list(cron.faults(schedule)) == []


@pytest.mark.parametrize(
    ("schedule", "what", "part"),
    [
        ("*/0 8 * * *", "minute", "*/0"),
        ("15 8 * * 6-1", "weekday", "6-1"),
        ("15 8 L * *", "day", "L"),
        ("15 8 * * Mon-Sonntag", "weekday", "Mon-Sonntag"),
        ("15 8 * * 7", "weekday", "7"),
        ("60 8 * * *", "minute", "60"),
        ("15 24 * * *", "hour", "24"),
        ("15 8 0 * *", "day", "0"),
        ("15 8 * 13 *", "month", "13"),
        ("15 8 * * 5#2", "weekday", "5#2"),
        ("15 8 15W * *", "day", "15W"),
        ("15 8 * * MO", "weekday", "MO"),
        ("-5 8 * * *", "minute", "-5"),
        ("1/x 8 * * *", "minute", "1/x"),
        ("١ 8 * * *", "minute", "١"),
        ("15 8 * *", "schedule", "15 8 * *"),
        ("@daily", "schedule", "@daily"),
    ],
)
def test_what_kubernetes_refuses_is_named(schedule, what, part):
    assert [fault[:2] for fault in cron.faults(schedule)] == [(what, part)]
