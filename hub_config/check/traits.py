"""Checks ``hub.config``: names of classes, their settings, and the kind of each value.

The chart hands this section to JupyterHub as it is, and JupyterHub ignores what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.crypto import CryptKeeper
from jupyterhub.proxy import ConfigurableHTTPProxy
from traitlets import TraitError, TraitType
from traitlets.config import Configurable
from traitlets.utils.importstring import import_item

from hub_config.kubernetes.settings import did_you_mean


def problems(config: Mapping[str, Any]) -> list[str]:
    """Say what JupyterHub would not understand.

    Parameters
    ----------
    config : mapping
        The content of ``hub.config``: settings by class.

    Returns
    -------
    list of str
        Sentences; empty where everything is known.
    """
    return list(_problems(config))


def _problems(config: Mapping[str, Any]) -> Iterator[str]:
    known = classes()
    for name, settings in config.items():
        if name not in known:
            yield f"hub.config has the unknown class '{name}'; {did_you_mean(name, known)}"
            continue
        traits = known[name].class_traits(config=True)
        if not isinstance(settings, Mapping):
            yield f"hub.config.{name} is {settings!r}; write a mapping of its settings"
            continue
        for key, value in settings.items():
            if key not in traits:
                near = did_you_mean(key, traits) if len(traits) else "it has none"
                yield f"hub.config.{name} has the unknown setting '{key}'; {near}"
            elif not _fits(traits[key], value):
                yield f"hub.config.{name}.{key} is {value!r}; write {traits[key].info()}"


@cache
def classes() -> dict[str, type[Configurable]]:
    """Return every class of JupyterHub, KubeSpawner and the authenticators that has settings."""
    found: list[Any] = [JupyterHub, CryptKeeper, ConfigurableHTTPProxy]
    for group in ("jupyterhub.authenticators", "jupyterhub.spawners"):
        for point in entry_points(group=group):
            with suppress(ImportError, AttributeError):  # needs what nobody here uses
                found.append(point.load())
    for path in ("kubespawner.KubeSpawner", "ltiauthenticator.lti13.auth.LTI13Authenticator"):
        with suppress(ImportError):
            found.append(import_item(path))
    found.append(Authenticator)
    return {
        one.__name__: one
        for leaf in found
        for one in leaf.__mro__
        if issubclass(one, Configurable) and one.class_traits(config=True)
    }


def _fits(trait: TraitType[Any, Any], value: Any) -> bool:
    if value is None:
        return True  # the chart takes it as "not set"
    try:
        trait._validate(None, value)
    except TraitError:
        return False
    except Exception:  # a check of the class needs an object of it, which there is not
        return True
    return True
