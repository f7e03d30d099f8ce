"""Says why a server did not start, where JupyterHub only says that it took too long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from kubespawner import KubeSpawner
from traitlets import default

from hub_config.machines import profile_request
from hub_config.not_started import NotStartedError

#: On the page of a server that is starting.
PATIENCE = (
    "Waiting for a machine, {seconds:.0f} seconds so far. Where none of this kind is free the "
    "cloud starts one, which takes 5 to 15 minutes. If there is none after {minutes:.0f} minutes "
    "this fails: choose another kind then, or tell your instructor that there are too few."
)
#: It is said when Kubernetes finds no machine, and whenever nothing was said for so long.
NO_MACHINE = "FailedScheduling"
SILENCE_S = 30.0
#: So long before JupyterHub gives up, without a reason, we do, with one; in seconds.
BEFORE = 10
#: What somebody can do, by the reason of Kubernetes' event.
ADVICE = (
    (
        ("FailedScheduling", "NotTriggerScaleUp"),
        "no machine of this kind was free, and the cloud gave no new one. Choose another kind, or "
        "try again later; your instructor can ask the operator for more",
    ),
    (
        ("ErrImagePull", "ImagePullBackOff", "Failed", "BackOff", "InspectFailed"),
        "what is installed on the machine could not be loaded or started. Nothing that you can do "
        "helps: tell your instructor, and copy the words of Kubernetes",
    ),
    (
        ("FailedMount", "FailedAttachVolume", "ProvisioningFailed"),
        "your files could not be attached to it. They are not lost: try again in a few minutes, "
        "and tell your instructor if it happens again",
    ),
)
UNKNOWN = "nobody knows why. Try again, and tell your instructor if it happens again"


class ExplainingSpawner(KubeSpawner):
    """KubeSpawner that says why it refuses a profile, and why it gives up."""

    user_options = profile_request.Asked()

    @default("options_from_form")
    def _read_the_profile(self) -> Callable[[Any], Awaitable[dict[str, str]]]:
        async def read(form: Any) -> dict[str, str]:
            return profile_request.from_form(form, await self.choices())

        return read

    @default("apply_user_options")
    def _settle_the_profile(self) -> Callable[[Any, Any], Awaitable[None]]:
        async def settle(spawner: ExplainingSpawner, asked: Any) -> None:
            profile_request.settle(spawner, asked, await spawner.choices())

        return settle

    async def choices(self) -> list[str]:
        """Name the profiles that the user may choose from (`hub_config.machines.profile_list`)."""
        return [profile["slug"] for profile in await self.profile_list(self)]

    def start(self) -> asyncio.Future[Any]:
        """Start the server's pod.

        Returns
        -------
        Future
            The address of the server; `NotStartedError` when there is none in time.
        """
        started = super().start()
        return asyncio.ensure_future(self._explained(started))

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what happens to the pod, in Kubernetes' words, and how long it may take, in ours.

        KubeSpawner has a sentence for those who wait from 7.1 on; the chart's hub has 7.0.
        """
        began = time.monotonic()
        told = super().progress()
        coming = asyncio.ensure_future(anext(told))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=SILENCE_S)
                if done:
                    event = coming.result()
                    yield event
                    coming = asyncio.ensure_future(anext(told))
                if not done or event.get("raw_event", {}).get("reason") == NO_MACHINE:
                    yield {"message": self._patience(time.monotonic() - began)}
        except StopAsyncIteration:
            return
        finally:
            coming.cancel()
            await asyncio.wait({coming})
            await told.aclose()

    def _patience(self, seconds: float) -> str:
        return PATIENCE.format(seconds=seconds, minutes=self.start_timeout / 60)

    async def _explained(self, started: asyncio.Future[Any]) -> Any:
        try:
            return await asyncio.wait_for(started, max(1, self.start_timeout - BEFORE))
        except TimeoutError:
            raise NotStartedError(why(self.events, self.start_timeout)) from None


def why(events: Sequence[dict[str, Any]], seconds: float) -> str:
    """Say why a pod did not start.

    Parameters
    ----------
    events : sequence of dict
        What Kubernetes reported of the pod, the oldest first.
    seconds : float
        How long it was waited for.

    Returns
    -------
    str
        What happened, what to do, and Kubernetes' own words for whoever runs the cluster.
    """
    advice, words = UNKNOWN, ""
    for event in events:  # the last that says anything counts: it may have moved on
        for reasons, text in ADVICE:
            if event["reason"] in reasons:
                advice, words = text, event["message"]
    said = f" Kubernetes says: {words}" if words else ""
    waited = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    return f"The server did not start within {waited}: {advice}.{said}"
