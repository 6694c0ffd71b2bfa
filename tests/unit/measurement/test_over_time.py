"""The course of a call: every interval has what happened in it, and nothing is counted twice."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.over_time import (
    MOST_INTERVALS,
    counts_over_time,
    interval_seconds,
    ratios_between,
)
from eloquence_pipeline.measurement.quality_over_time import quality_trend, scores_over_time
from eloquence_pipeline.measurement.rtp import StatisticsSample, parse_statistics
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.measurement.statistics import slope_of
from eloquence_pipeline.models import (
    STABILITY_TEST,
    ConnectionEvent,
    CourseFigures,
    PhraseQuality,
    ScenarioResult,
    Score,
    Side,
)
from eloquence_pipeline.settings import ThresholdSettings
from tests.simulated import FRAME_NS, RATE, START_NS, Simulation, run_info

pytestmark = pytest.mark.unit


def row(seconds: float, *streams: tuple[int, int, int, int]) -> str:
    entries = [
        {
            "type": "inbound-rtp",
            "kind": "audio",
            "ssrc": ssrc,
            "packetsLost": lost,
            "packetsReceived": received,
            "concealedSamples": concealed,
            "totalSamplesReceived": 1000 * received,
            "bytesReceived": 80 * received,
            "jitter": 0.001,
            "silentConcealedSamples": 0,
            "concealmentEvents": 0,
            "insertedSamplesForDeceleration": 0,
            "removedSamplesForAcceleration": 0,
            "jitterBufferDelay": received * 20.0,
            "jitterBufferEmittedCount": received * 1000,
        }
        for ssrc, lost, received, concealed in streams
    ]
    return json.dumps({"monotonic_ns": START_NS + round(seconds * 1e9), "stats": entries}) + "\n"


def samples(*rows: str) -> list[StatisticsSample]:
    return parse_statistics("".join(rows))


@given(st.floats(1, 12 * 3600))
def test_there_are_never_more_intervals_than_a_table_can_show(duration_seconds: float) -> None:
    length = interval_seconds(duration_seconds)
    assert duration_seconds / length <= MOST_INTERVALS
    assert length == 60 or duration_seconds < 120 or duration_seconds > 3600


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50), st.integers(0, 90)), min_size=2, max_size=20)
)
def test_what_the_intervals_lost_is_what_the_whole_lost(steps: list[tuple[int, int, int]]) -> None:
    lost = received = concealed = 0
    rows: list[str] = []
    for second, (more_lost, more_received, more_concealed) in enumerate(steps):
        lost, received = lost + more_lost, received + more_received
        concealed += more_concealed
        rows.append(row(second, (1, lost, received, concealed)))
    counted = counts_over_time(samples(*rows))
    edges = [START_NS - 1, *(START_NS + place * 3e9 + 1 for place in range(8))]
    shares = [ratios_between(counted, *bounds)[0] for bounds in itertools.pairwise(edges)]
    counts = [
        sum(step[0] + step[1] for second, step in enumerate(steps) if low < START_NS + second * 1e9 <= high)
        for low, high in itertools.pairwise(edges)
    ]
    assert sum((share or 0) * count for share, count in zip(shares, counts, strict=True)) == pytest.approx(
        lost
    )


def test_a_stream_that_ended_stays_counted() -> None:
    counted = counts_over_time(samples(row(0, (1, 1, 10, 0)), row(1, (2, 0, 5, 0)), row(2, (2, 2, 8, 0))))
    assert [(each.packets_lost, each.packets_received) for each in counted] == [(1, 10), (1, 15), (3, 18)]
    assert ratios_between(counted, START_NS + 1e9, START_NS + 2e9)[0] == pytest.approx(2 / 5)
    assert ratios_between([], 0, 1) == (None, None)


def test_counters_that_go_back_are_no_gain() -> None:
    counted = counts_over_time(samples(row(0, (1, 5, 100, 0)), row(1, (1, 3, 150, 0))))
    assert ratios_between(counted, START_NS, START_NS + 1e9) == (0.0, 0.0)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScenarioResult:
    """A call of 38 s: 50 ms at first, 100 ms from the seventh phrase on, the third one lost."""
    folder: Path = tmp_path_factory.mktemp("call")
    early, late = RATE // 20, RATE // 10
    delays = [early, early, None, early, early, early, late, late, late, late, late, late]
    rows = [row(step / 2, (1, 0, 25 * step, 10 * max(0, step - 40))) for step in range(80)]
    simulation = Simulation(delays, statistics=[json.loads(each) for each in rows])
    transmission = simulation.write(folder)
    change = ConnectionEvent(
        monotonic_ns=START_NS + 15 * 100 * FRAME_NS,
        side=Side.SUBSCRIBER,
        identity="listener",
        name="connection_state_changed",
        detail="CONN_RECONNECTING",
    )
    (channel,) = transmission.channels
    assert channel.received is not None
    heard = channel.received.model_copy(update={"events": (change,)})
    transmission = transmission.model_copy(
        update={"channels": (channel.model_copy(update={"received": heard}),)}
    )
    info = run_info().model_copy(update={"scenario": STABILITY_TEST})
    return analyse(transmission, folder, info, (), ThresholdSettings())


def course_of(result: ScenarioResult) -> CourseFigures:
    assert result.course is not None
    return result.course


def test_each_interval_has_its_own_phrases_and_delays(result: ScenarioResult) -> None:
    intervals = course_of(result).intervals
    assert [each.start_seconds for each in intervals] == [0, 10, 20, 30]
    assert sum(each.phrases_sent for each in intervals) == result.packets_sent == 12
    assert [each.phrases_received for each in intervals] == [2, 4, 3, 2]
    assert intervals[0].one_way_delay_median_ms == pytest.approx(50, abs=0.5)
    assert intervals[3].one_way_delay_median_ms == pytest.approx(100, abs=0.5)
    assert intervals[0].gap_count == 1
    assert [each.gap_count for each in intervals[1:]] == [0, 0, 0]


def test_each_interval_has_its_own_concealment_and_jitter_buffer(result: ScenarioResult) -> None:
    intervals = course_of(result).intervals
    assert [each.rtp_loss_ratio for each in intervals] == [0, 0, 0, 0]
    assert intervals[0].concealed_ratio == intervals[1].concealed_ratio == 0
    assert intervals[2].concealed_ratio == pytest.approx(10 / 25_000, rel=0.1)
    assert [each.jitter_buffer_ms for each in intervals] == pytest.approx([20, 20, 20, 20])


def test_a_change_of_state_stands_in_its_interval_and_the_longest_gap_is_named(
    result: ScenarioResult,
) -> None:
    course = course_of(result)
    assert [each.state_changes for each in course.intervals] == [(), ("listener: CONN_RECONNECTING",), (), ()]
    assert course.longest_gap is not None
    assert (course.longest_gap.phrase_index, course.longest_gap.whole_phrase) == (3, True)


def test_a_short_call_of_another_test_has_no_course(tmp_path: Path) -> None:
    transmission = Simulation([2400]).write(tmp_path)
    assert analyse(transmission, tmp_path, run_info(), (), ThresholdSettings()).course is None


def scored(index: int, mos_lqo: float | None) -> PhraseQuality:
    score = None if mos_lqo is None else Score(value=mos_lqo, model="m", version="v")
    return PhraseQuality(index=index, speaker="speaker", mos_lqo=score)


def test_scores_stand_in_the_intervals_of_their_phrases(result: ScenarioResult) -> None:
    places = {phrase.index: phrase.position_in_sent_seconds for phrase in result.phrases}
    phrases = [scored(1, 4.0), scored(2, 3.0), scored(4, None), scored(12, 2.0)]
    intervals = scores_over_time(phrases, places, course_of(result))
    assert [(each.scored_count, each.mos_lqo) for each in intervals] == [
        (2, 3.5),
        (0, None),
        (0, None),
        (1, 2.0),
    ]


def test_the_trend_of_the_quality_has_an_uncertainty_and_needs_five_scores() -> None:
    places = {index: index * 360.0 for index in range(1, 11)}
    falling = [scored(index, 4.5 - index / 10) for index in range(1, 11)]
    trend = quality_trend(falling, places)
    assert trend is not None
    assert trend.mos_lqo_per_hour == pytest.approx(-1)
    assert trend.low <= trend.mos_lqo_per_hour <= trend.high
    assert quality_trend(falling[:4], places) is None


def test_the_slope_of_very_many_values_is_that_of_few() -> None:
    times = [float(place) for place in range(20_000)]
    slope = slope_of(times, [3 * time + (1 if time % 2 else -1) for time in times])
    assert slope is not None
    assert slope.value == pytest.approx(3, rel=1e-3)
