"""Real calls that are broken on purpose: who comes back, and what goes on meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from eloquence_pipeline import LiveKitTestClient
from eloquence_pipeline.errors import DisturbanceNotPossible
from eloquence_pipeline.measurement.rtp import parse_statistics
from eloquence_pipeline.models import (
    Disturbance,
    DisturbanceKind,
    DisturbedSide,
    EndRecord,
    Recording,
    SendRecord,
    Side,
)
from eloquence_pipeline.servers import (
    LiveKitEndpoint,
    restartable_livekit,
)
from eloquence_pipeline.settings import Rejoining
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.disturbance import Means, disturb
from eloquence_pipeline.transport.rejoining import WayBack
from eloquence_pipeline.transport.server_api import remove_participant
from tests.integration.servers.owner import settings_in
from tests.integration.transport.test_calls import call_of, token
from tests.polling import await_true

pytestmark = pytest.mark.integration

SIDES = {"speaker": Side.PUBLISHER, "listener": Side.SUBSCRIBER}
INTO_THE_CALL_SECONDS = 1.5
QUICKLY = Rejoining(first_wait_ms=100)


def means_of(livekit: LiveKitEndpoint, room: str) -> Means:
    return Means(livekit.url, livekit.api_key, livekit.api_secret, room, {})


async def disturbed_call(
    livekit: LiveKitEndpoint,
    folder: Path,
    kind: DisturbanceKind,
    side: DisturbedSide,
    *,
    seconds: float = 5.0,
    means: Means | None = None,
) -> tuple[SendRecord, Recording, str]:
    room = f"{kind}-{side}"
    folder = folder / room
    folder.mkdir()

    def way_back(identity: str) -> WayBack:
        def fresh_token() -> SecretStr:
            return token(livekit, room, identity, SIDES[identity])

        return WayBack(livekit.url, fresh_token, QUICKLY)

    call = Call(["speaker"], {identity: way_back(identity) for identity in SIDES})

    async def when_it_is_time() -> None:
        await call.heard.wait()
        await asyncio.sleep(INTO_THE_CALL_SECONDS)
        disturbance = Disturbance(kind=kind, side=side, at_seconds=INTO_THE_CALL_SECONDS)
        await disturb(disturbance, call, means or means_of(livekit, room))

    (sent, received), _ = await asyncio.gather(
        call_of(livekit, folder, seconds, room, call), when_it_is_time()
    )
    return sent, received, (folder / "subscriber_statistics.jsonl").read_text()


def stamp(end: EndRecord, name: str) -> int:
    return next(event.monotonic_ns for event in end.events if event.name == name)


def require_heard_after(received: Recording, folder: Path, since_ns: int) -> None:
    """Make sure that speech, not silence, was recorded after a moment."""
    arrived_ns = np.load(folder / received.timings.name)["arrived_ns"]
    samples = np.frombuffer((folder / received.audio.name).read_bytes()[44:], dtype=np.int16)
    frames = samples[: len(arrived_ns) * 480].reshape(-1, 480).astype(np.float64)
    after = frames[arrived_ns > since_ns + 1_000_000_000]
    assert len(after) > 50
    assert np.sqrt((after**2).mean()) > 300


async def test_who_is_removed_joins_again_and_speech_and_recording_go_on(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    kind = DisturbanceKind.PARTICIPANT_REMOVED
    both = (DisturbedSide.SPEAKER, DisturbedSide.LISTENER)
    calls = await asyncio.gather(*(disturbed_call(livekit, tmp_path, kind, side) for side in both))
    for side, (sent, received, statistics) in zip(both, calls, strict=True):
        assert (sent.failure, received.failure) == ("", "")
        assert sent.frame_count == 500, "a person goes on speaking"
        hit: EndRecord = sent if side is DisturbedSide.SPEAKER else received
        names = [event.name for event in hit.events]
        order = ["disturbed", "disconnected", "rejoining", "rejoined"]
        assert sorted(order, key=names.index) == order
        assert not any(
            event.name == "rejoined" for end in (sent, received) if end is not hit for event in end.events
        )
        back_ns = stamp(hit, "rejoined")
        require_heard_after(received, tmp_path / f"{kind}-{side}", back_ns)
        # One stream before and one after; the listener's statistics go on in its new room.
        assert len(received.ssrcs) == 2
        later = [sample for sample in parse_statistics(statistics) if sample.monotonic_ns > back_ns + 1e9]
        assert any(set(sample.streams("inbound-rtp", ())) == {received.ssrcs[1]} for sample in later)


async def test_a_server_that_is_killed_and_started_again_has_its_call_back(tmp_path: Path) -> None:
    with restartable_livekit(settings_in(tmp_path)) as server:
        before = server.endpoint

        async def restart(down_seconds: float) -> None:
            await asyncio.to_thread(server.restart, down_seconds)

        means = Means(before.url, before.api_key, before.api_secret, "", {}, restart=restart)
        sent, received, _ = await disturbed_call(
            before, tmp_path, DisturbanceKind.SERVER_RESTART, DisturbedSide.BOTH, seconds=13, means=means
        )
    assert server.endpoint == before
    assert (sent.failure, received.failure) == ("", "")
    for end in (sent, received):
        assert stamp(end, "disturbance_over") - stamp(end, "disturbed") >= 1e9
        names = {event.name for event in end.events}
        assert names & {"reconnected", "rejoined"}, names
    require_heard_after(
        received, tmp_path / "server_restart-both", stamp(received, "disturbance_over") + 6 * 10**9
    )


async def test_what_a_server_does_not_offer_is_refused_with_the_reason(
    livekit: LiveKitEndpoint, tmp_path: Path
) -> None:
    with pytest.raises(DisturbanceNotPossible, match="only a server that this test has started itself"):
        await disturbed_call(livekit, tmp_path, DisturbanceKind.SERVER_RESTART, DisturbedSide.BOTH, seconds=2)


async def test_a_client_joins_again_when_it_is_told_to_and_hears_others_as_before(
    livekit: LiveKitEndpoint,
) -> None:
    async with LiveKitTestClient(
        livekit.url, livekit.api_key, livekit.api_secret, "coach", rejoin=QUICKLY
    ) as coach:
        await coach.connect("lesson")
        await remove_participant(livekit.url, livekit.api_key, livekit.api_secret, "lesson", "coach")
        await asyncio.to_thread(
            await_true, lambda: "rejoined" in {event.name for event in coach.events}, "it has come back"
        )
        assert coach.room_name == "lesson"
        async with LiveKitTestClient(livekit.url, livekit.api_key, livekit.api_secret, "coach") as namesake:
            # Who takes the name takes the place: coming back would throw the other out, without end.
            await namesake.connect("lesson")
            await asyncio.to_thread(
                await_true,
                lambda: "DUPLICATE_IDENTITY" in {event.detail for event in coach.events},
                "its name was taken",
            )
            rejoins = [event for event in coach.events if event.name == "rejoining"]
            assert len(rejoins) == 1
