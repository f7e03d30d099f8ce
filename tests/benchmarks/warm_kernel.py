"""An ordinary kernel's time until its first cell has imported TensorFlow, over a warm one's.

Both kernels are started by Jupyter's own client from their kernelspecs, one after the other, three
times; of each the median counts. The warm process has imported before, as in a server that runs: it
took about as long for that, once, as one ordinary kernel takes (``warm_kernel_first_s``).
"""

import statistics
import time

from jupyter_client.manager import start_new_kernel

from autograder.warm import processes

ROUNDS = 3
CELL = "import tensorflow as tf; print(tf.__version__)"


def measure() -> dict[str, float]:
    """Start both kinds; return the ratio and the times in seconds."""
    try:
        first_s = _first_cell("python3-warm")
        times = [(_first_cell("python3"), _first_cell("python3-warm")) for _ in range(ROUNDS)]
    finally:
        processes.close()
    ordinary_s, warm_s = (statistics.median(kind) for kind in zip(*times, strict=True))
    return {
        "warm_kernel_speedup": ordinary_s / warm_s,
        "warm_kernel_s": warm_s,
        "warm_kernel_ordinary_s": ordinary_s,
        "warm_kernel_first_s": first_s,
    }


def _first_cell(name: str) -> float:
    """Return the seconds from asking for a kernel until its first cell is done."""
    began = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=name)
    try:
        printed: list[str] = []
        client.execute_interactive(
            CELL, output_hook=lambda message: printed.append(message["msg_type"]), timeout=300
        )
        seconds = time.perf_counter() - began
        if "stream" not in printed or "error" in printed:
            raise RuntimeError(f"{name} did not print TensorFlow's version, but gave {printed}")
        return seconds
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
