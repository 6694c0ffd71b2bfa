"""The client that a test of the user's own gets: somebody records everything it says."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import SecretStr

from eloquence_pipeline.errors import ConfigurationError, TransportError
from eloquence_pipeline.models import NetworkConditions, SendRecord, SpeechScript
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.client import LiveKitTestClient
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.publisher import Publisher


class MeasuredClient(LiveKitTestClient):
    """A client of one call, which is in its room and heard before the test begins.

    Parameters
    ----------
    url, token
        The server, and a token that lets `identity` publish in one room.
    identity
        Its name in the room.
    call
        The call whose other end records.
    path
        Its way to the server, which can be changed.
    conditions
        What that does to it from the beginning on.
    folder
        Where what it says is written down.

    Attributes
    ----------
    has_changed_network
        Whether the test has changed those conditions.
    """

    def __init__(
        self,
        url: str,
        token: SecretStr,
        identity: str,
        *,
        call: Call,
        path: NetworkPath | None,
        conditions: NetworkConditions,
        folder: Path,
    ) -> None:
        super().__init__(url, "", "", identity)
        self.has_changed_network = False
        self._given_path = path
        self._conditions = conditions
        self._given_token = token
        self._call = call
        self._given_folder = folder
        self._has_left = False

    async def begin(self, room_name: str) -> None:
        """Join the room and begin to speak, silence at first.

        Raises
        ------
        TransportError
            If the room cannot be reached or nobody listens; nothing was said then.
        """
        await self.connect(room_name)
        await self._ready_to_speak()

    async def connect(self, room_name: str) -> None:
        """Change nothing: a test gets a client that is in its room already.

        Raises
        ------
        ConfigurationError
            If another room is meant, or the client has left: only one call is measured.
        """
        if self._has_left:
            raise ConfigurationError(
                f"{self.identity} has left the room, and a test is one call", remedy="leave out disconnect()"
            )
        await super().connect(room_name)

    def _require_same(self, room_name: str) -> None:
        """Let a test name any room: it is in a fresh one of its own, where it is measured."""

    async def _open_path(self) -> NetworkPath | None:
        return self._given_path

    async def _impair(self, conditions: NetworkConditions) -> None:
        await super()._impair(conditions)
        self.has_changed_network = True

    def _place(self) -> Path:
        return self._given_folder

    def _token(self, room_name: str) -> SecretStr:
        return self._given_token

    async def _until_heard(self, publisher: Publisher) -> None:
        await publisher.until_heard()
        publisher.record()

    async def _close(self) -> None:
        # What was sent is still to be written down.
        self._has_left = True
        self.room_name = ""
        if self._publisher is not None:
            await self._publisher.leave()

    @property
    def has_ended(self) -> bool:
        """Whether the call has ended by itself: the connection was lost, or the other end broke off."""
        return self._call.broken.is_set() or (self._speaking is not None and self._speaking.done())

    async def until_ended(self) -> None:
        """Wait until the call ends by itself."""
        broken = asyncio.ensure_future(self._call.broken.wait())
        ends = {broken, *({self._speaking} if self._speaking is not None else ())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            broken.cancel()

    def finish(self) -> SendRecord:
        """Write the record of what has been sent; to be called once, after :meth:`begin`."""
        return self._publisher_that_spoke().finish()

    def script(self, seed: int) -> SpeechScript:
        """Return what was said, as if it had been planned."""
        publisher = self._publisher_that_spoke()
        return SpeechScript(
            seed=seed,
            sample_rate_hz=SAMPLE_RATE_HZ,
            sample_count=max(1, publisher.frame_count * FRAME_SAMPLES),
            phrases=tuple(self.said),
        )

    def _publisher_that_spoke(self) -> Publisher:
        if self._publisher is None:
            raise TransportError(f"{self.identity} never began to speak")
        return self._publisher

    async def release(self) -> None:
        """Let go of everything."""
        await self._stack.aclose()
