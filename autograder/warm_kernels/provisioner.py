"""A Jupyter kernel provisioner whose kernels have already imported what notebooks import.

It is the entry point ``autograder-warm``: a kernelspec that names it gets its kernels from a warm
process (`autograder.warm_kernels.server`), one for each list of modules in each process that starts
kernels. Where that cannot be, the kernel is started in the ordinary way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Float, List, Unicode

from autograder.warm_kernels.client import NotWarmError, WarmProcess, processes

NAME = "autograder-warm"
#: How a kernelspec's command goes on after Python and its options.
LAUNCHERS = (["-m", "ipykernel_launcher"], ["-m", "ipykernel"])


class WarmProvisioner(LocalProvisioner):
    """Starts kernels that have imported ``preload``; a kernelspec's ``config`` sets the traits."""

    preload = List(Unicode(), help="Modules to import once, before all kernels.").tag(config=True)
    patience = Float(
        60.0, help="Seconds that a kernel waits for the imports before it starts without them."
    ).tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel.

        Parameters
        ----------
        cmd
            The kernelspec's command.
        **kwargs
            As for `LocalProvisioner`.

        Returns
        -------
        dict
            How to connect to it.
        """
        try:
            python, arguments = split(cmd)
            cwd, env = _plain(self._scrub_kwargs(kwargs))
            process = self._process(python, env)
            self.process = await process.fork(arguments, cwd, env, self.patience)
        except NotWarmError as reason:
            self.log.warning("This kernel starts without the preloaded modules: %s", reason)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = cwd
        return self.connection_info

    async def warm_up(self, cmd: list[str]) -> None:
        """Start the warm process for kernels to come, without waiting for it."""
        env = (await self.pre_launch())["env"]
        try:
            self._process(split(cmd)[0], env)
        except NotWarmError as reason:
            self.log.warning("Kernels will start without the preloaded modules: %s", reason)

    def _process(self, python: Sequence[str], env: Mapping[str, str]) -> WarmProcess:
        if sys.platform != "linux":
            raise NotWarmError(f"that needs Linux, and this is {sys.platform}")
        if not self.preload:
            raise NotWarmError("the kernelspec names none")
        return processes.get(python, self.preload, env)


def split(cmd: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split a kernel's command into Python with its options, and the kernel's arguments.

    Raises
    ------
    NotWarmError
        If it is the command of another kernel than ipykernel.
    """
    for at in range(1, len(cmd) - 1):
        if list(cmd[at : at + 2]) in LAUNCHERS:
            return list(cmd[:at]), list(cmd[at + 2 :])
    raise NotWarmError(f"the kernelspec's command is not `python -m ipykernel_launcher`: {cmd}")


def _plain(launch: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return where a kernel starts and its environment, if nothing else is asked for."""
    cwd, env = str(launch.pop("cwd", None) or Path.cwd()), dict(launch.pop("env", os.environ))
    if asked := sorted(name for name, value in launch.items() if value):
        raise NotWarmError("only an ordinary start can do what was asked for: " + ", ".join(asked))
    if not Path(cwd).is_dir():
        raise NotWarmError(f"there is no directory {cwd}")
    return cwd, env


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Nothing to do before the server serves."""


async def _start_jupyter_server_extension(server: Any) -> None:
    """Begin the imports of the server's default kernelspec before a kernel is asked for."""
    manager = KernelManager(
        kernel_name=server.kernel_manager.default_kernel_name,
        kernel_spec_manager=server.kernel_spec_manager,
    )
    spec = manager.kernel_spec
    wanted = spec.metadata.get("kernel_provisioner", {})
    if wanted.get("provisioner_name") == NAME:
        config = wanted.get("config", {})
        provisioner = WarmProvisioner(kernel_spec=spec, log=server.log, **config)
        await provisioner.warm_up(manager.format_kernel_cmd())
