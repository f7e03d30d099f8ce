"""How Kubernetes writes names, labels, amounts, addresses and images.

Each format is a test and the end of a sentence that says how to write it. The tests follow the API
server's own (``k8s.io/apimachinery/pkg/util/validation``) and, for images, the grammar of OCI's
distribution; what they leave to other types is true.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from hub_config.machines.quantities import QuantityError, parse

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
#: A part of an image's path: small letters, with single separators between them.
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_HOST_PART = r"[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?"
_HOST = rf"({_HOST_PART}(\.{_HOST_PART})*|\[[0-9a-fA-F:]+\])"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_IMAGE = re.compile(
    rf"({_HOST}(:[0-9]+)?/)?{_PART}(/{_PART})*(:{_TAG})?"
    r"(@sha256:[0-9a-f]{64}|@sha512:[0-9a-f]{128})?"
)
_PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
_LONGEST = 253
_LARGEST_PORT = 65535


def _text(pattern: str, longest: int = _LONGEST) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: len(text) <= longest and bool(compiled.fullmatch(text))


def _quantity(value: Any) -> bool:
    if value is None:
        return True
    try:
        return parse(value) >= 0
    except QuantityError:
        return False


def _qualified(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    if slash and not _text(_SUBDOMAIN)(prefix):
        return False
    return bool(re.fullmatch(_NAME, name))


def _annotation(text: str) -> bool:
    return _qualified(text.lower())


def _image(text: str) -> bool:
    text = text.removesuffix("@sha256")  # the chart's way to a digest: NAME@sha256 and a tag
    return bool(_IMAGE.fullmatch(text)) and len(text.partition("@")[0]) <= 255


def _cidr(text: str) -> bool:
    if "/" not in text:
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False


def _port(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_PORT_NAME.fullmatch(value))
    return not isinstance(value, int) or 1 <= value <= _LARGEST_PORT


def _inside(text: str) -> bool:
    return not text.startswith("/") and ".." not in text.split("/")


def _share(value: Any) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch(r"[0-9]+%", value))
    return not isinstance(value, int) or value >= 0


#: By name: the test of a text, and how to write one.
TEXTS: dict[str, tuple[Callable[[str], bool], str]] = {
    "name": (
        _text(_LABEL, 63),
        "write at most 63 small letters, digits and hyphens, with no hyphen at an end",
    ),
    "subdomain": (
        _text(_SUBDOMAIN),
        "write small letters, digits, hyphens and dots, with a letter or digit at both ends",
    ),
    "service-name": (
        _text(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", 63),
        "write small letters, digits and hyphens, with a letter first",
    ),
    "label-key": (
        _qualified,
        "write a name such as 'team' or 'example.org/team': at most 63 letters, digits, '-', '_' "
        "and '.', after a domain in small letters and one '/' if you like",
    ),
    "annotation-key": (
        _annotation,
        "write a name such as 'team' or 'example.org/team': letters, digits, '-', '_' and '.', "
        "after a domain and one '/' if you like",
    ),
    "label-value": (
        lambda text: not text or _text(_NAME, 63)(text),
        "write at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends",
    ),
    "variable": (
        lambda text: bool(text) and all(" " <= one <= "~" and one != "=" for one in text),
        "write the name of a variable, without '='",
    ),
    "image": (
        _image,
        "write REGISTRY/NAME:TAG, without 'https://' and blanks, and the name in small letters",
    ),
    "tag": (
        lambda text: bool(re.fullmatch(rf"{_TAG}|[0-9a-f]{{64}}", text)),
        "write the tag of one version, such as '1.2.0': letters, digits, '.', '_' and '-'",
    ),
    "cidr": (_cidr, "write a range of addresses such as '10.1.2.0/24', or '10.1.2.3/32' for one"),
    "address": (_address, "write an IP address such as '10.1.2.3'"),
    "url": (_url, "write an address that begins with 'https://'"),
    "public-name": (
        lambda text: _text(_SUBDOMAIN)(text) and not _address(text),
        "write the name alone, in small letters, such as 'hub.example.org'",
    ),
    "host-or-wildcard": (
        lambda text: _text(_SUBDOMAIN)(text.removeprefix("*.")),
        "write a name of the internet in small letters, such as 'hub.example.org'",
    ),
    "absolute": (lambda text: text.startswith("/"), "write a path that begins with '/'"),
    "mount-path": (
        lambda text: bool(text) and ":" not in text,
        "write a path such as '/data', without ':'",
    ),
    "inside": (_inside, "write a path inside the volume, without '/' first and without '..'"),
    "port-name": (
        lambda text: bool(_PORT_NAME.fullmatch(text)),
        "write at most 15 small letters, digits and hyphens, one letter at least",
    ),
    "secret-key": (
        _text(r"[-._a-zA-Z0-9]+"),
        "write letters, digits, '-', '_' and '.'",
    ),
}
#: The same for what is no text alone.
OTHERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "quantity": (
        _quantity,
        "write 0 or more with a unit of Kubernetes, such as 512Mi, 10Gi or 500m",
    ),
    "size": (
        lambda value: value is None or (_quantity(value) and parse(value) > 0),
        "write how much, such as 10Gi: a number above 0 with a unit of Kubernetes",
    ),
    "port": (_port, f"write a number from 1 to {_LARGEST_PORT}, or the name of a port"),
    "share": (_share, "write a whole number, or a share such as '25%'"),
}


def fits(name: str, value: Any) -> bool:
    """Whether a value is written in the format with this name; True where it is of another type."""
    if name in TEXTS:
        return not isinstance(value, str) or TEXTS[name][0](value)
    test = OTHERS[name][0]
    return (isinstance(value, bool) and name not in ("quantity", "size")) or test(value)


def how(name: str) -> str:
    """Return the end of a sentence that says how to write what has this format."""
    return (TEXTS.get(name) or OTHERS[name])[1]
