"""A real call through the relay: what was injected is what arrives, and what both ends count."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from livekit import rtc

from eloquence_pipeline.measurement.network_delay import packet_delays
from eloquence_pipeline.measurement.rtp import parse_statistics, rtp_figures
from eloquence_pipeline.models import (
    Direction,
    DirectionConditions,
    InboundRtp,
    NetworkConditions,
    NetworkDelay,
    RelayReport,
)
from eloquence_pipeline.servers import RelayedLiveKit, relayed_livekit
from eloquence_pipeline.transport import participant as participant_module
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.network.relaying import ImpairingRelay
from tests.integration.servers.owner import settings_in
from tests.integration.transport.test_calls import call_of

pytestmark = pytest.mark.integration

CALL_SECONDS = 6.0
AT_THE_ENDS = 3
"""Nobody misses a packet before the first that arrived, and the last may come after the last count."""


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Generator[RelayedLiveKit]:
    with relayed_livekit(settings_in(tmp_path_factory.mktemp("livekit"))) as relayed:
        yield relayed


@dataclass(frozen=True)
class Impaired:
    """A call that is over."""

    report: RelayReport
    inbound: InboundRtp
    network: NetworkDelay


async def impaired_call(
    livekit: RelayedLiveKit, folder: Path, conditions: NetworkConditions, name: str
) -> Impaired:
    folder = folder / name
    folder.mkdir()
    with ImpairingRelay(livekit.relay_address, livekit.media_address, conditions) as relay:
        sent, received = await call_of(livekit.endpoint, folder, CALL_SECONDS, name, Call(["speaker"]))
        report = relay.report()
    assert (sent.failure, received.failure) == ("", "")
    listener, speaker = (
        parse_statistics((folder / f"{end}_statistics.jsonl").read_text())
        for end in ("subscriber", "publisher")
    )
    figures = rtp_figures([speaker], listener, received.ssrcs)
    assert figures.inbound is not None
    handed_over_ns = np.load(folder / sent.timings.name)["handed_over_ns"]
    network = packet_delays(listener, received.ssrcs, handed_over_ns, None).figures()
    assert network is not None
    return Impaired(report, figures.inbound, network)


async def test_all_media_goes_through_the_relay(livekit: RelayedLiveKit, tmp_path: Path) -> None:
    call = await impaired_call(livekit, tmp_path, NetworkConditions(), "clean")
    for direction in Direction:
        total = call.report.stream_totals(direction)
        assert total.dropped == 0
        assert abs(total.forwarded - CALL_SECONDS * 50) <= 10
    assert call.inbound.packets_lost == 0
    passed = call.report.stream_totals(Direction.DOWNLINK).forwarded
    assert passed - AT_THE_ENDS <= call.inbound.packets_received <= passed


@pytest.mark.parametrize("direction", list(Direction))
async def test_the_relay_and_the_receiver_count_the_same_loss(
    livekit: RelayedLiveKit, tmp_path: Path, direction: Direction
) -> None:
    conditions = NetworkConditions.model_validate({direction: {"packet_loss_rate": 0.15}, "seed": 3})
    call = await impaired_call(livekit, tmp_path, conditions, f"loss-{direction}")
    dropped = call.report.stream_totals(direction).dropped
    assert 20 < dropped < 80
    assert dropped - AT_THE_ENDS <= call.inbound.packets_lost <= dropped


async def test_a_latency_of_100_ms_arrives_as_such(livekit: RelayedLiveKit, tmp_path: Path) -> None:
    clean = await impaired_call(livekit, tmp_path, NetworkConditions(), "soon")
    slow = NetworkConditions(uplink=DirectionConditions(latency_ms=100))
    late = await impaired_call(livekit, tmp_path, slow, "late")
    # The bound is that of a machine on which other tests run; `make calibrate` asks for 2 ms.
    assert late.network.median_ms - clean.network.median_ms == pytest.approx(100, abs=8)
    assert late.report.lateness_median_ms < 5


async def test_one_participant_alone_can_be_impaired(
    livekit: RelayedLiveKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms: list[rtc.Room] = []
    original = rtc.Room

    def make() -> rtc.Room:
        rooms.append(original())
        return rooms[-1]

    monkeypatch.setattr(participant_module.rtc, "Room", make)
    with ImpairingRelay(livekit.relay_address, livekit.media_address) as relay:

        async def disturb() -> str:
            await asyncio.sleep(2.5)
            statistics = await rooms[0].get_rtc_stats()
            (ufrag,) = {
                entry.transport.transport.ice_local_username_fragment
                for entry in statistics.publisher_stats
                if entry.WhichOneof("stats") == "transport"
            }
            both = DirectionConditions(packet_loss_rate=1)
            relay.impair(NetworkConditions(uplink=both, downlink=both), ufrag)
            return ufrag

        _, speakers = await asyncio.gather(
            call_of(livekit.endpoint, tmp_path, CALL_SECONDS, "alone", Call(["speaker"])), disturb()
        )
        report = relay.report()
    dropped = {
        (participant.ufrag == speakers, stream.dropped > 50)
        for participant in report.participants
        for count in participant.counts
        for stream in count.streams
    }
    assert dropped == {(True, True), (False, False)}
