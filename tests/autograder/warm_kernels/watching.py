"""Kernels that are started through their kernelspec, as any Jupyter tool starts them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

SHIPPED = Path(__file__).parents[3] / "autograder/kernels/python3-warm/kernel.json"


def write_spec(root: Path, preload: Sequence[str], name: str = "warm", **config: object) -> None:
    """Write the kernelspec that the wheel ships, with other settings, where Jupyter finds it."""
    spec = json.loads(SHIPPED.read_text())
    spec["metadata"]["kernel_provisioner"]["config"] = {"preload": list(preload), **config}
    folder = root / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec))


class Kernel:
    """A running kernel."""

    def __init__(self, root: Path | None, name: str, **options) -> None:
        """Start it from the kernelspecs in ``root``, or None for those of this Python."""
        specs = KernelSpecManager()
        if root is not None:
            specs.kernel_dirs = [str(root / "kernels")]
        transport = options.pop("transport", "tcp")
        self.manager = KernelManager(
            kernel_name=name, kernel_spec_manager=specs, transport=transport
        )
        self.manager.start_kernel(**options)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(60)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    def messages(self, code: str, **options) -> list[dict]:
        """Run code; return what it publishes."""
        found = []
        self.client.execute_interactive(code, output_hook=found.append, timeout=60, **options)
        return [m for m in found if m["msg_type"] not in ("status", "execute_input")]

    def run(self, code: str, **options) -> str:
        """Run code; return what it prints, and the names of its errors."""
        contents = [message["content"] for message in self.messages(code, **options)]
        return "".join(content.get("text", content.get("ename", "")) for content in contents)

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy(linger=0)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def running(pid: int) -> bool:
    """Whether a process is there, and not only its number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(what: Callable[[], bool]) -> bool:
    """Wait half a minute at most; return whether it came true."""
    deadline = time.monotonic() + 30
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
    return what()


def children(pid: int) -> list[int]:
    """Return the numbers of a process's children."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == pid:
            found.append(int(path.parent.name))
    return found
