"""A Dask cluster that someone else runs."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.dispatch.local_cluster import hush
from autograder.model import AutograderError

if TYPE_CHECKING:
    import distributed

#: How long a scheduler may take to answer, in seconds.
ANSWER = 15
LOOKS = "does not look like the one that `dask scheduler` prints: tcp://10.0.0.1:8786"
#: Where Dask's configuration names the files by which a client and a scheduler know each other.
AUTHORITY, CERTIFICATE, KEY = (
    f"distributed.comm.tls.{name}" for name in ("ca-file", "client.cert", "client.key")
)
KEYS = (
    "the DASK_CONFIG file that names them, or DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
    "..._TLS__CLIENT__CERT and ..._TLS__CLIENT__KEY"
)


class KeysError(AutograderError):
    """A scheduler is there, and it and we do not accept each other's keys."""


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
        KeysError
            If it wants keys that we have not, or has others than we expect.
        AutograderError
            If none answers.
        """
        from distributed import Client

        hush()
        if absent := _absent():
            raise KeysError(
                f"Dask's configuration names TLS files that cannot be read: {', '.join(absent)}. "
                f"Put them there, or give others by {KEYS}."
            )
        client: distributed.Client = Client(
            self.name, asynchronous=True, set_as_default=False, timeout=ANSWER
        )
        try:
            self._client = await client
        # The second and the third: keys that it wants. The last: no name of a machine.
        except (OSError, TypeError, RuntimeError, UnicodeError) as error:
            await client.close()
            if said := _about_keys(self.name, error):
                raise KeysError(said) from error
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


def _absent() -> list[str]:
    """Return the files of keys that Dask is told to use and that cannot be read."""
    import dask

    named = [dask.config.get(name, None) for name in (AUTHORITY, CERTIFICATE, KEY)]
    absent = []
    for name in named:
        try:
            # Dask takes the keys themselves, too.
            if name and not str(name).startswith("-----BEGIN"):
                Path(name).open("rb").close()
        except OSError as error:
            absent.append(f"{name} ({error.strerror})")
    return absent


def _about_keys(address: str, error: BaseException) -> str:
    """Return what to say of an error if keys are its cause, else nothing."""
    import dask

    theirs = next(
        (one for one in _chain(error) if isinstance(one, ssl.SSLCertVerificationError)), None
    )
    if theirs is not None:
        return (
            f"The Dask scheduler at {address} shows a certificate that the authority in "
            f"{dask.config.get(AUTHORITY, None)} does not vouch for ({theirs.verify_message}). "
            f"Take the keys of that cluster: {KEYS}."
        )
    refusal = (
        f"does not accept our certificate {dask.config.get(CERTIFICATE, None)}: its authority has "
        f"not signed it, or it has expired. Take the keys of that cluster: {KEYS}."
    )
    if any("_ALERT_" in str(one) for one in _chain(error)):
        return f"The Dask scheduler at {address} {refusal}"
    hung_up = any(map(_hung_up, _chain(error)))
    if hung_up and address.startswith("tls:"):
        # In TLS 1.3 a scheduler looks at our certificate when, for us, the connection stands: its
        # alert is often overtaken by the connection's end.
        return (
            f"Whatever answers at {address} hangs up while keys are exchanged. If it is a Dask "
            f"scheduler, it {refusal}"
        )
    if isinstance(error, TypeError) and address.startswith("tls:"):
        return (
            f"A Dask scheduler with TLS, as at {address}, is told by its keys who may use it, and "
            f"Dask has not been given all of them here. Set {KEYS}."
        )
    if isinstance(error, RuntimeError) and not address.startswith("tls:"):
        return (
            f"Dask's configuration forbids connections without TLS, and {address} is one; a "
            "scheduler with TLS has an address that begins with tls://."
        )
    if hung_up:
        return (
            f"Whatever answers at {address} hangs up at once. If it is a Dask scheduler with TLS, "
            f"its address begins with tls://, and Dask needs its keys: {KEYS}."
        )
    return ""


def _hung_up(error: BaseException) -> bool:
    """Tell whether this is a connection that stood, and that the other side has ended."""
    from tornado.iostream import StreamClosedError

    if isinstance(error, StreamClosedError):
        return error.real_error is None
    return isinstance(error, ssl.SSLEOFError | ConnectionResetError | BrokenPipeError)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
