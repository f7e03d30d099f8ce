"""Checks whether a kernel sees a GPU and, if it should but does not, says why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub_config.image import versions
from hub_config.image.inspect import Fact
from hub_config.image.smoke import Computed

#: Of the wheels that `tensorflow[and-cuda]` brings, one without which nothing is computed.
WHEEL = "nvidia-cudnn-cu12"
#: The oldest driver that CUDA 12 runs on.
DRIVER = "525.60.13"


@dataclass(frozen=True)
class Machine:
    """What there is of a GPU, seen without TensorFlow."""

    devices: tuple[str, ...]  # such as nvidia0
    driver: str  # what the driver says of itself; empty where there is none
    wheels: bool


def machine(root: Path = Path("/")) -> Machine:
    """Look for a GPU below a root directory."""
    devices = sorted(path.name for path in (root / "dev").glob("nvidia[0-9]*"))
    version = root / "proc/driver/nvidia/version"
    driver = version.read_text().splitlines()[0] if version.is_file() else ""
    return Machine(tuple(devices), driver, WHEEL in versions.installed())


def fact(name: str, computed: Computed, there: Machine, *, wanted: bool | None) -> Fact:
    """Judge what a kernel computed.

    Parameters
    ----------
    name : str
        Of the kernel.
    computed : Computed
        What it said.
    there : Machine
        What there is.
    wanted : bool or None
        Whether it must see a GPU, must not, or, on a laptop, either.
    """
    title = f"GPU in {name}"
    if computed.gpus:
        if wanted is False:
            said = (
                f"Found {computed.gpus}, expected none, because this kernel leaves a shared GPU to "
                'others; its kernel.json must set CUDA_VISIBLE_DEVICES to "".'
            )
            return Fact(title, False, said)
        if "GPU" not in computed.device:
            said = (
                f"Found {computed.gpus}, but a product of matrices was made on {computed.device}, "
                "expected on the GPU; the kernel's messages in the server's log say why."
            )
            return Fact(title, False, said)
        return Fact(title, True, f"{computed.gpus} GPU; multiplied matrices on {computed.device}.")
    if wanted:
        return Fact(title, False, f"Found no GPU, expected one: {why_none(computed, there)}")
    reason = "hidden from this kernel" if computed.visible in ("", "-1") else "as expected"
    if wanted is None:
        reason = "which the course does not need"
    return Fact(title, True, f"No GPU, {reason}; multiplied matrices on {computed.device}.")


def why_none(computed: Computed, there: Machine) -> str:
    """Say what is most likely in the way, and what to do."""
    if computed.visible in ("", "-1"):
        return (
            f"the kernel's CUDA_VISIBLE_DEVICES is '{computed.visible}', which hides it; start the "
            "server with a GPU profile, and take the variable out of kernel.json and the pod."
        )
    if not there.wheels:
        return (
            f"this Python has no CUDA libraries ({WHEEL} is not installed); use the image built "
            "with --target gpu."
        )
    if not there.devices:
        return (
            "the container has no /dev/nvidia0; ask for the resource that `kubectl describe node` "
            "lists (profiles.toml, accelerator.resource), see that NVIDIA's device plugin runs, or "
            "start docker with --gpus all."
        )
    return (
        f"{', '.join(there.devices)} is there, with the driver '{there.driver or 'unknown'}', and "
        f"TensorFlow cannot use it; CUDA 12 needs driver {DRIVER} or newer on the node: see what "
        "`nvidia-smi` says."
    )
