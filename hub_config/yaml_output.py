"""Writes YAML that people can read: keys in their order, long texts as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml


class _Readable(yaml.SafeDumper):
    """Texts of several lines as such, and no shorthands that only a parser follows."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Readable.add_representer(str, _text)


def dump(documents: Sequence[Any]) -> str:
    """Return documents as one stream, as ``helm`` and ``kubectl`` read it.

    Parameters
    ----------
    documents : sequence
        Of plain data.
    """
    return str(
        yaml.dump_all(
            documents,
            Dumper=_Readable,
            sort_keys=False,
            allow_unicode=True,
            explicit_start=len(documents) > 1,
            width=100,
        )
    )
