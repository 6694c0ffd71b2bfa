"""Publisher and subscriber on a real server, in good and in bad days."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from livekit import api, rtc
from pydantic import SecretStr

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import Recording, SendRecord, Side
from eloquence_pipeline.servers import LiveKitEndpoint
from eloquence_pipeline.transport import participant as participant_module
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.publisher import publish
from eloquence_pipeline.transport.subscriber import subscribe
from eloquence_pipeline.transport.tokens import mint_token
from tests.simulated import babble

pytestmark = pytest.mark.integration

ROOM = "calls"
INTO_THE_CALL_SECONDS = 2.0
NO_PATHS: dict[str, NetworkPath] = {}


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> list[rtc.Room]:
    """The SDK's rooms in the order in which participants were made: speaker, listener."""
    made: list[rtc.Room] = []
    original = rtc.Room

    def make() -> rtc.Room:
        made.append(original())
        return made[-1]

    monkeypatch.setattr(participant_module.rtc, "Room", make)
    return made


def token(livekit: LiveKitEndpoint, room: str, identity: str, side: Side) -> SecretStr:
    return mint_token(
        api_key=livekit.api_key,
        api_secret=livekit.api_secret,
        room=room,
        identity=identity,
        sides={side},
        valid_for_seconds=60,
    )


async def call_of(
    livekit: LiveKitEndpoint,
    folder: Path,
    seconds: float,
    room: str,
    call: Call,
    *,
    paths: Mapping[str, NetworkPath] = NO_PATHS,
) -> tuple[SendRecord, Recording]:
    speaking = publish(
        url=livekit.url,
        token=token(livekit, room, "speaker", Side.PUBLISHER),
        identity="speaker",
        playlist=Playlist.of(babble(1, seconds)),
        folder=folder,
        call=call,
        path=paths.get("speaker"),
    )
    listening = subscribe(
        url=livekit.url,
        token=token(livekit, room, "listener", Side.SUBSCRIBER),
        identity="listener",
        speakers={"speaker": ""},
        expected_seconds=seconds,
        folder=folder,
        call=call,
        path=paths.get("listener"),
    )
    # Both are waited for, also when they are cancelled: a connect that the end of the test cuts off would end
    # this process some 15 s later.
    sent, received = await asyncio.gather(speaking, listening, return_exceptions=True)
    for outcome in (sent, received):
        if isinstance(outcome, BaseException):
            raise outcome
    assert isinstance(sent, SendRecord)
    assert isinstance(received, dict)
    return sent, received["speaker"]


async def test_everything_that_is_said_is_recorded(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    sent, received = await call_of(livekit, tmp_path, 3, f"{ROOM}-good", Call(["speaker"]))
    assert (sent.failure, received.failure) == ("", "")
    assert sent.frame_count == 300
    assert received.frame_count >= 300
    timings = np.load(tmp_path / received.timings.name)
    assert (np.diff(timings["arrived_ns"]) >= 0).all()
    assert len(timings["loop_lag_ns"]) > 0
    for name in ("publisher.json", "subscriber.json"):
        assert (tmp_path / name).exists()


async def test_a_speaker_that_reconnects_is_recorded_to_its_end(
    livekit: LiveKitEndpoint, tmp_path: Path, rooms: list[rtc.Room]
) -> None:
    async def disturb() -> None:
        await asyncio.sleep(INTO_THE_CALL_SECONDS)
        await rooms[0].simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT)

    (sent, received), _ = await asyncio.gather(
        call_of(livekit, tmp_path, 6, f"{ROOM}-reconnect", Call(["speaker"])), disturb()
    )
    assert "reconnected" in {event.name for event in sent.events}
    assert (sent.failure, received.failure) == ("", "")
    assert sent.frame_count == 600
    assert received.frame_count > 450


async def test_the_track_of_before_a_migration_is_not_recorded_beside_the_new_one(
    livekit: LiveKitEndpoint, tmp_path: Path, rooms: list[rtc.Room]
) -> None:
    async def disturb() -> None:
        await asyncio.sleep(INTO_THE_CALL_SECONDS)
        await rooms[0].simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_MIGRATION)

    (_, received), _ = await asyncio.gather(
        call_of(livekit, tmp_path, 5, f"{ROOM}-migration", Call(["speaker"])), disturb()
    )
    # The old track goes on giving silence, a frame every 10 ms.
    assert len(received.ssrcs) == 2
    assert 350 < received.frame_count < 550


async def test_a_listener_that_is_removed_ends_the_call_at_once_and_both_say_why(
    livekit: LiveKitEndpoint, tmp_path: Path, rooms: list[rtc.Room]
) -> None:
    call, room = Call(["speaker"]), f"{ROOM}-removed"

    async def disturb() -> None:
        await asyncio.sleep(INTO_THE_CALL_SECONDS)
        url = livekit.url.replace("ws://", "http://")
        async with api.LiveKitAPI(url, livekit.api_key, livekit.api_secret.get_secret_value()) as server:
            await server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity="listener"))

    (sent, received), _ = await asyncio.gather(call_of(livekit, tmp_path, 30, room, call), disturb())
    assert call.cause == "the subscriber was disconnected"
    assert sent.failure == "the other end failed"
    assert received.failure == "the subscriber was disconnected"
    assert 100 < sent.frame_count < 1500


async def test_an_end_that_is_told_to_stop_before_it_began_says_so(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    call = Call(["speaker"])
    call.break_off("the other end failed")
    with pytest.raises(TransportError, match="stopped before the first frame") as raised:
        await publish(
            url=livekit.url,
            token=token(livekit, f"{ROOM}-alone", "speaker", Side.PUBLISHER),
            identity="speaker",
            playlist=Playlist.of(babble(1, 1)),
            folder=tmp_path,
            call=call,
        )
    assert raised.value.transient
    assert not list(tmp_path.iterdir())


async def test_a_call_that_is_cancelled_while_connecting_leaves_no_participant(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    running = asyncio.ensure_future(call_of(livekit, tmp_path, 5, f"{ROOM}-cancelled", Call(["speaker"])))
    await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    url = livekit.url.replace("ws://", "http://")
    async with api.LiveKitAPI(url, livekit.api_key, livekit.api_secret.get_secret_value()) as server:
        for _ in range(100):
            found = await server.room.list_rooms(api.ListRoomsRequest(names=[f"{ROOM}-cancelled"]))
            if not sum(room.num_participants for room in found.rooms):
                return
            await asyncio.sleep(0.1)
    pytest.fail("a participant of the cancelled call is still in the room")
