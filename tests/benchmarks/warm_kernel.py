"""An ordinary kernel's time until its first cell has imported TensorFlow, over a warm one's.

Both kernels are started by Jupyter's own client from their kernelspecs, one after the other, three
times; of each the median counts. The warm process has imported before, as in a server that runs; it
takes about as long for that, once, as one ordinary kernel (``warm_kernel_first_s``). The memory is
what of it is not a file's, which other users' processes would share.
"""

import re
import statistics
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from autograder.warm_kernels.client import processes

ROUNDS = 3
CELL = "import tensorflow as tf; print(tf.__version__)"
PARENT = "import os; print(os.getppid())"


def measure() -> dict[str, float]:
    """Start both kinds; return the ratio, the times in seconds, the memory in MB."""
    try:
        first_s = First("python3-warm").seconds
        times = [(First("python3"), First("python3-warm")) for _ in range(ROUNDS)]
    finally:
        processes.close()
    ordinary_s, warm_s = (
        statistics.median(one.seconds for one in kind) for kind in zip(*times, strict=True)
    )
    ordinary, warm = times[-1]
    return {
        "warm_kernel_speedup": ordinary_s / warm_s,
        "warm_kernel_s": warm_s,
        "warm_kernel_ordinary_s": ordinary_s,
        "warm_kernel_first_s": first_s,
        "warm_kernel_mb": warm.with_parent_mb,
        "warm_kernel_ordinary_mb": ordinary.mb,
    }


class First:
    """A kernel's first cell: its time, from asking for the kernel, and the kernel's memory."""

    def __init__(self, name: str) -> None:
        began = time.perf_counter()
        manager, self._client = start_new_kernel(kernel_name=name)
        try:
            self._run(CELL)
            self.seconds = time.perf_counter() - began
            self.mb = _own_mb(manager.provisioner.pid)
            self.with_parent_mb = self.mb + _own_mb(int(self._run(PARENT)))
        finally:
            self._client.stop_channels()
            manager.shutdown_kernel(now=True)

    def _run(self, code: str) -> str:
        published: list[dict] = []
        reply = self._client.execute_interactive(code, output_hook=published.append, timeout=300)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{code!r} gave {reply['content']}")
        texts = (message["content"].get("text", "") for message in published)
        return "".join(texts).strip().rpartition("\n")[2]


def _own_mb(pid: int) -> float:
    memory = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (kilobytes,) = re.findall(r"^Pss_Anon:\s+(\d+)", memory, re.MULTILINE)
    return int(kilobytes) / 1024
