"""Carries fractions, decimals, dates, time zones, paths and types of the standard library."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import re
import zoneinfo
from typing import Any

from autograder.wire.codec import GET, PUT, Get, In, Out, Put, bases, learn
from autograder.wire.libraries import made
from autograder.wire.limits import MAX_DIGITS, WireError


def _put_fraction(out: Out, value: Any, depth: int) -> Any:
    cls: Any = fractions.Fraction
    parts = [int.__pos__(slot.__get__(value)) for slot in (cls._numerator, cls._denominator)]
    return out.items("fraction", parts, depth)


def _get_fraction(inn: In, tree: list[Any], depth: int) -> fractions.Fraction:
    numerator, denominator = inn.items(tree, depth)
    if type(numerator) is not int or type(denominator) is not int:
        raise TypeError("a fraction is of whole numbers")
    return fractions.Fraction(numerator, denominator)


def _put_decimal(out: Out, value: Any, depth: int) -> Any:
    text = decimal.Decimal.__str__(value)
    if len(text) > MAX_DIGITS:
        raise WireError(
            f"A decimal number of more than {MAX_DIGITS:,} digits cannot be passed between your "
            "code and the tests."
        )
    return ["decimal", text]


def _get_decimal(inn: In, tree: list[Any], depth: int) -> decimal.Decimal:
    _, text = tree
    if type(text) is not str or len(text) > MAX_DIGITS:
        raise ValueError("a decimal number is written in digits")
    return decimal.Decimal(text)


def _put_date(out: Out, value: Any, depth: int) -> Any:
    return ["date", datetime.date.isoformat(value)]


def _get_date(inn: In, tree: list[Any], depth: int) -> datetime.date:
    _, text = tree
    return datetime.date.fromisoformat(text)


#: The names of places, as the database of time zones spells them.
_PLACE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(?:/[A-Za-z0-9_+-]{1,30}){0,3}")


def has_zone(zone: Any) -> bool:
    """Tell whether a time zone crosses by value: none, an offset, or a place by its name."""
    if type(zone) is zoneinfo.ZoneInfo:
        return type(zone.key) is str and _PLACE.fullmatch(zone.key) is not None
    return zone is None or type(zone) is datetime.timezone


def get_zone(inn: In, tree: Any, depth: int) -> Any:
    """Return the time zone of a tree.

    Raises
    ------
    TypeError
        If it is none.
    """
    zone = inn.get(tree, depth)
    if not has_zone(zone):
        raise TypeError("a time zone was expected")
    return zone


def _put_offset(out: Out, value: Any, depth: int) -> Any:
    cls: Any = datetime.timezone
    return out.items("timezone", [*cls.__getinitargs__(value)], depth)


def _get_offset(inn: In, tree: list[Any], depth: int) -> Any:
    offset, *name = inn.items(tree, depth)
    if type(offset) is not datetime.timedelta or not all(type(part) is str for part in name):
        raise TypeError("a time zone has an offset")
    return datetime.timezone(offset, *name)


def _put_place(out: Out, value: Any, depth: int) -> Any:
    return ["zone", value.key] if has_zone(value) else out.refer(value)


def _get_place(inn: In, tree: list[Any], depth: int) -> Any:
    _, name = tree
    if type(name) is not str or not _PLACE.fullmatch(name):
        raise ValueError("a time zone has the name of a place")
    return made(lambda: zoneinfo.ZoneInfo(name))


def _put_clock(kind: str, cls: Any) -> Put:
    date = ("year", "month", "day") if cls is datetime.datetime else ()
    names = (*date, "hour", "minute", "second", "microsecond")

    def put(out: Out, value: Any, depth: int) -> Any:
        zone = cls.tzinfo.__get__(value)
        if not has_zone(zone):
            return out.refer(value)
        text = cls(*[getattr(cls, name).__get__(value) for name in names]).isoformat()
        return out.items(kind, [text, cls.fold.__get__(value), zone], depth)

    return put


def _get_clock(cls: Any) -> Get:
    def get(inn: In, tree: list[Any], depth: int) -> Any:
        _, text, fold, zone = tree
        return cls.fromisoformat(text).replace(fold=fold, tzinfo=get_zone(inn, zone, depth))

    return get


def _put_timedelta(out: Out, value: Any, depth: int) -> Any:
    cls: Any = datetime.timedelta
    parts = [cls.days, cls.seconds, cls.microseconds]
    return ["timedelta", *[part.__get__(value) for part in parts]]


def _get_timedelta(inn: In, tree: list[Any], depth: int) -> datetime.timedelta:
    _, days, seconds, microseconds = tree
    return datetime.timedelta(days, seconds, microseconds)


def _put_path(out: Out, value: Any, depth: int) -> Any:
    kind = "path" if pathlib.Path in bases(type(value)) else "pure path"
    return out.items(kind, [pathlib.PurePosixPath.__str__(value)], depth)


def _get_path(cls: Any) -> Get:
    def get(inn: In, tree: list[Any], depth: int) -> Any:
        (text,) = inn.items(tree, depth)
        if type(text) is not str:
            raise TypeError("a path is a string")
        return cls(text)

    return get


#: The types that are carried, by name: the judge takes one for its own, and a test may call it.
#: So each makes plain data, and nothing but what it is given. NumPy's come to them when it has been
#: imported. Of any other, the judge has a proxy.
TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset),
        *(range, slice, object, type(None)),
    )
}


def _put_type(out: Out, value: Any, depth: int) -> Any:
    learn()
    # by identity: a metaclass may compare as it likes
    name = next((name for name, kind in TYPES.items() if kind is value), None)
    return out.refer(value) if name is None else ["type", name]


def _get_type(inn: In, tree: list[Any], depth: int) -> type:
    _, name = tree
    learn()
    return TYPES[name]


PUT.update(
    {
        fractions.Fraction: _put_fraction,
        decimal.Decimal: _put_decimal,
        datetime.date: _put_date,
        datetime.datetime: _put_clock("datetime", datetime.datetime),
        datetime.time: _put_clock("time", datetime.time),
        datetime.timedelta: _put_timedelta,
        datetime.timezone: _put_offset,
        zoneinfo.ZoneInfo: _put_place,
        pathlib.PurePosixPath: _put_path,
        type: _put_type,
    }
)
GET.update(
    {
        "fraction": _get_fraction,
        "decimal": _get_decimal,
        "date": _get_date,
        "datetime": _get_clock(datetime.datetime),
        "time": _get_clock(datetime.time),
        "timedelta": _get_timedelta,
        "timezone": _get_offset,
        "zone": _get_place,
        "path": _get_path(pathlib.PosixPath),
        "pure path": _get_path(pathlib.PurePosixPath),
        "type": _get_type,
    }
)
