"""A Dask cluster that somebody else runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autograder.local import hush
from autograder.model import AutograderError

if TYPE_CHECKING:
    import distributed

#: How long a scheduler may take to answer, in seconds.
ANSWER = 15
LOOKS = "does not look like the one that `dask scheduler` prints: tcp://10.0.0.1:8786"


class Given:
    """Somebody else's Dask cluster, by the address of its scheduler."""

    def __init__(self, address: str) -> None:
        if not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://[^/]+:\d+", address):
            raise AutograderError(f"The scheduler's address '{address}' {LOOKS}.")
        self.name = address
        self.failure: AutograderError | None = None
        self._client: distributed.Client | None = None

    async def start(self) -> distributed.Client:
        """Return a client of the scheduler.

        Raises
        ------
        AutograderError
            If none answers.
        """
        from distributed import Client

        hush()
        client: distributed.Client = Client(
            self.name, asynchronous=True, set_as_default=False, timeout=ANSWER
        )
        try:
            self._client = await client
        except (OSError, TypeError, RuntimeError) as error:  # the latter: keys that it wants
            await client.close()
            raise AutograderError(
                f"No Dask scheduler answers at {self.name} ({str(error) or repr(error)})."
            ) from error
        return self._client

    async def stop(self) -> None:
        """Leave the cluster."""
        if self._client is not None:
            await self._client.close()

    def close(self) -> None:
        """Do nothing: the workers are not ours."""
