"""The network's share of the delay, from the arrival times of single packets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.clock import Instant
from eloquence_pipeline.measurement.network_delay import PACKET_MS, PacketDelays, packet_delays
from eloquence_pipeline.measurement.rtp import StatisticsSample, parse_statistics

pytestmark = pytest.mark.unit

START_NS = 5_000_000_000_000
FRAME_NS = 10_000_000
EPOCH_NS = 1_790_000_000_000_000_000
MS = 1_000_000
HANDED_OVER_NS = START_NS + np.arange(1000, dtype=np.int64) * FRAME_NS


def sample(  # noqa: PLR0917
    at_ms: float,
    delay_ms: float,
    lost: int = 0,
    offset_ns: int = EPOCH_NS,
    uncounted: int = 0,
    asked_ms: float = 0.4,
    rounded_up: bool = False,
) -> dict[str, Any]:
    """Statistics at a moment after the start, when packets of 20 ms take `delay_ms`."""
    packet = int((at_ms - delay_ms - 10) // 20)
    arrived_ns = START_NS + (packet * 2 + 1) * FRAME_NS + round(delay_ms * MS)
    now_ns = START_NS + round(at_ms * MS)
    # As libwebrtc does it: a whole number of milliseconds lies between its clock and the time it tells.
    added_ms = offset_ns // MS + rounded_up
    return {
        "monotonic_ns": now_ns - round(asked_ms / 2 * MS),
        "monotonic_after_ns": now_ns + round(asked_ms / 2 * MS),
        "stats": [
            {
                "type": "inbound-rtp",
                "kind": "audio",
                "ssrc": 7,
                "timestamp": (now_ns + offset_ns) / 1000,
                "packetsReceived": packet + 1 - lost - uncounted,
                "packetsLost": lost,
                "lastPacketReceivedTimestamp": added_ms + arrived_ns / MS,
            }
        ],
    }


def parsed(*rows: dict[str, Any]) -> list[StatisticsSample]:
    return parse_statistics("".join(json.dumps(row) + "\n" for row in rows))


def started(offset_ns: int = EPOCH_NS) -> Instant:
    """Both clocks of a machine whose wall clock is so far ahead; a wall clock counts microseconds."""
    wall = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(START_NS + offset_ns) // 1000)
    return Instant(wall=wall, monotonic_ns=START_NS, clock_id="test")


def delays(
    listener: list[StatisticsSample],
    packets_sent: int | None,
    handed_over_ns: npt.NDArray[np.int64] = HANDED_OVER_NS,
    clocks: Instant = started(),  # noqa: B008 - it does not change
) -> PacketDelays:
    return packet_delays(listener, (7,), handed_over_ns, packets_sent, clocks)


@given(
    delay_ms=st.floats(0.3, 900),
    lost=st.integers(0, 20),
    offset_ns=st.integers(-(10**12), 10**12),
    rounded_up=st.booleans(),
)
def test_the_delay_is_recovered_whatever_the_offset_of_the_clocks(
    delay_ms: float, lost: int, offset_ns: int, rounded_up: bool
) -> None:
    times = [1500 + 500 * step for step in range(8)]
    rows = [sample(at, delay_ms, lost, EPOCH_NS + offset_ns, rounded_up=rounded_up) for at in times]
    found = delays(parsed(*rows), None, clocks=started(EPOCH_NS + offset_ns))
    assert len(found.delay_ms) == 8
    off_ms = found.delay_ms - delay_ms
    # What the SDK rounded the wrong way is a millisecond off, and nothing else.
    assert np.abs(off_ms - round(float(off_ms[0]))).max() < 0.01
    assert np.abs(off_ms).max() < found.uncertainty_ms + 0.01
    assert found.uncertainty_ms == pytest.approx(1.0)
    figures = found.figures()
    assert figures is not None
    assert figures.packets == 8


def test_where_the_offset_is_nearly_a_whole_number_of_milliseconds_the_delay_is_exact() -> None:
    rows = [sample(1500 + 500 * step, 5, offset_ns=EPOCH_NS + 50_000) for step in range(8)]
    found = delays(parsed(*rows), None, clocks=started(EPOCH_NS + 50_000))
    assert np.abs(found.delay_ms - 5).max() < 0.001


def test_answers_of_any_age_leave_the_delay_within_what_is_said_of_it() -> None:
    # Asked for 3 ms each, stamped in the middle; one of ten answers is 2.9 ms old.
    rows = [sample(1000 + 500 * step, 5, asked_ms=3) for step in range(10)]
    rows[4] |= {name: rows[4][name] + round(2.9 * MS) for name in ("monotonic_ns", "monotonic_after_ns")}
    for clocks in (started(), started(EPOCH_NS + 20 * MS)):
        found = delays(parsed(*rows), None, clocks=clocks)
        assert np.median(np.abs(found.delay_ms - 5)) <= found.uncertainty_ms + 0.001


def test_a_wall_clock_that_was_set_meanwhile_is_not_believed() -> None:
    rows = [sample(1000 + 500 * step, 5) for step in range(10)]
    for set_ms in (-3000, -1, 1, 3000):
        found = delays(parsed(*rows), None, clocks=started(EPOCH_NS + set_ms * MS))
        assert np.abs(found.delay_ms - 5).max() < 0.01
        assert found.uncertainty_ms == pytest.approx(1.2, abs=0.01)


def test_the_offset_is_known_as_well_as_the_quickest_answers_allow() -> None:
    rows = [sample(1000, 5, asked_ms=30), sample(1500, 5, asked_ms=0.1), sample(2000, 5, asked_ms=50)]
    assert delays(parsed(*rows), None, clocks=started(0)).uncertainty_ms < 1.06


def test_an_answer_from_the_sdks_memory_does_not_shift_the_clocks() -> None:
    old = sample(2000, 5)
    fresh = [sample(1000, 5), sample(1500, 5), sample(2500, 5)]
    for name in ("monotonic_ns", "monotonic_after_ns"):
        old[name] += 32 * MS  # asked 32 ms after the report was made
    found = delays(parsed(*fresh, old), None)
    assert np.abs(found.delay_ms - 5).max() < 0.001


def test_clocks_that_are_not_known_well_give_no_figure() -> None:
    found = delays(parsed(sample(1000, 5, asked_ms=30)), None, clocks=started(0))
    assert found.figures() is None
    assert not len(found.delay_ms)


@pytest.mark.parametrize("lost_first", [1, 5, 25, 40])
def test_packets_lost_before_the_first_that_arrived_are_noticed(lost_first: int) -> None:
    rows = [sample(1500 + 500 * step, 5, uncounted=lost_first) for step in range(4)]
    found = delays(parsed(*rows), 160)
    stretch = (START_NS + 1500 * MS, START_NS + 3000 * MS)
    checked = found.checked_against([(*stretch, 8.0)])
    assert checked.figures() is None
    assert checked.median_between(*stretch, nearest_within_ns=0, coarse_ms=8.0) == pytest.approx(5, abs=0.5)


def test_packets_that_nobody_counted_make_the_delay_right_but_for_multiples_of_a_packet() -> None:
    rows = [sample(1500 + 500 * step, 30, uncounted=40) for step in range(4)]
    found = delays(parsed(*rows), 200)
    assert found.is_ambiguous
    assert found.figures() is None
    assert np.abs(found.delay_ms - 30 - 40 * PACKET_MS).max() < 0.5
    network_ms = found.median_between(
        START_NS + 1500 * MS, START_NS + 3000 * MS, nearest_within_ns=0, coarse_ms=33.0
    )
    assert network_ms == pytest.approx(30, abs=0.5)


def test_no_packet_of_which_the_place_is_unknown_arrives_before_it_was_sent() -> None:
    rows = [sample(1500 + 500 * step, 1.2, uncounted=40) for step in range(4)]
    found = delays(parsed(*rows), 200)
    assert found.is_ambiguous
    network_ms = found.median_between(
        START_NS + 1500 * MS, START_NS + 3000 * MS, nearest_within_ns=0, coarse_ms=-9.5
    )
    assert network_ms == pytest.approx(1.2, abs=0.5)


def test_a_stretch_without_a_packet_has_no_figure() -> None:
    found = delays(parsed(sample(1500, 30)), None)
    assert found.median_between(START_NS, START_NS + MS, nearest_within_ns=0, coarse_ms=30) is None


@given(
    first_sample_ms=st.floats(100, 600),
    border_ms=st.integers(80, 200).map(lambda packets: packets * PACKET_MS),
    seconds=st.floats(0.85, 2.0),  # longer than the time between two samples and what a packet takes
    delays_ms=st.tuples(st.floats(1, 300), st.floats(1, 300)),
)
def test_a_phrase_has_the_delay_of_its_own_packets_whatever_the_one_before_had(
    first_sample_ms: float,
    border_ms: float,
    seconds: float,
    delays_ms: tuple[float, float],
) -> None:
    """The network changes between two phrases that follow each other at once."""
    before_ms, after_ms = delays_ms
    moments = [first_sample_ms + 500 * step for step in range(14)]
    # What is asked for while the newest packet is the last of the first phrase still tells that one's delay.
    rows = [sample(at, before_ms) for at in moments if at < border_ms]
    rows += [sample(at, after_ms) for at in moments if at > border_ms + after_ms + 40]
    found = delays(parsed(*rows), None)
    for begun_ms, delay_ms in ((border_ms - seconds * 1000, before_ms), (border_ms, after_ms)):
        stretch = (START_NS + begun_ms * MS, START_NS + (begun_ms + seconds * 1000) * MS)
        share_ms = found.median_between(*stretch, nearest_within_ns=1000 * MS, coarse_ms=delay_ms)
        assert share_ms == pytest.approx(delay_ms, abs=0.6)


def test_a_phrase_between_two_samples_has_the_delay_of_the_packet_nearest_to_it() -> None:
    found = delays(parsed(sample(1000, 5), sample(1500, 65), sample(2000, 65)), None)
    for begun_ms, delay_ms in ((1010, 5), (1390, 65)):
        stretch = (START_NS + begun_ms * MS, START_NS + (begun_ms + 30) * MS)
        share_ms = found.median_between(*stretch, nearest_within_ns=1000 * MS, coarse_ms=delay_ms)
        assert share_ms == pytest.approx(delay_ms, abs=0.6)


def test_frames_that_were_left_out_end_the_row() -> None:
    handed_over_ns = HANDED_OVER_NS.copy()
    handed_over_ns[200] = 0
    found = delays(parsed(sample(1500, 5), sample(3000, 5)), None, handed_over_ns)
    assert len(found.delay_ms) == 1


def test_statistics_without_arrival_times_give_nothing() -> None:
    row = sample(1500, 5)
    del row["stats"][0]["lastPacketReceivedTimestamp"]
    assert delays(parsed(row), None).figures() is None
    assert delays([], None).figures() is None
