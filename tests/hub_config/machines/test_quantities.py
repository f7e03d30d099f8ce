"""Amounts are read as the API server of Kubernetes reads them."""

import pytest

from hub_config.machines.quantities import QuantityError, mebibytes, parse


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("10Gi", 10 * 2**30),
        ("1Ki", 1024),
        ("1Ei", 2**60),
        ("1k", 1000),
        ("1E", 1e18),
        ("1E3", 1000),
        ("1e3", 1000),
        ("1e+3", 1000),
        ("1e-3", 0.001),
        ("1.5e1", 15),
        (".5", 0.5),
        (".5Gi", 2**29),
        ("1.", 1),
        ("1.Gi", 2**30),
        ("+1", 1),
        ("007", 7),
        ("500m", 0.5),
        ("100u", 1e-4),
        ("3n", 3e-9),
        ("0", 0),
        (3, 3),
        (0.5, 0.5),
        (1e10, 1e10),
        (1e22, 2**63),  # it takes the largest number it has
        ("1e400", 2**63),
    ],
)
def test_what_kubernetes_takes_is_read(written, amount):
    assert parse(written) == pytest.approx(amount)


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "1 Gi", " 1", "1 ", "1\n", "1GiB", "1GB", "1K", "1ki", "1gi", "1i", ".5i", "1e"),
        "1e-",
        *("1e3Gi", "1.1.M", "1+1", "1,5", "--1", "0x10", "inf", "nan", "Gi", ".", "+", "-1", "١"),
        *(None, True, [], {}, float("nan"), float("inf")),
    ],
)  # fmt: skip
def test_what_kubernetes_refuses_is_refused(written):
    with pytest.raises(QuantityError, match="such as 512Mi"):
        parse(written)


@pytest.mark.parametrize(("gib", "mib"), [(4, 4096), (0.5, 512), (7.3, 7475)])
def test_memory_is_whole_bytes(gib, mib):
    assert mebibytes(gib) == mib
    assert parse(f"{mebibytes(gib)}Mi") % 1 == 0
