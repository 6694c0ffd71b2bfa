"""What many sessions measured, put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.load import merged
from eloquence_pipeline.measurement.load_course import course_of
from eloquence_pipeline.measurement.statistics import summarise
from tests import loads
from tests.figures import phrase

pytestmark = pytest.mark.unit

DELAYS = st.lists(st.one_of(st.none(), st.floats(1, 500)), min_size=1, max_size=20)


@given(st.lists(DELAYS, min_size=1, max_size=6))
def test_the_whole_has_the_percentiles_of_all_phrases_not_of_the_sessions(
    delays: list[list[float | None]],
) -> None:
    whole = merged([loads.session(number, each) for number, each in enumerate(delays, start=1)])
    every = [delay for each in delays for delay in each]
    assert whole.one_way_delay_ms == summarise(every)
    assert (whole.phrases_sent, whole.phrases_received) == (
        len(every),
        sum(delay is not None for delay in every),
    )
    histogram = whole.one_way_delay_histogram
    assert (sum(histogram.counts) if histogram else 0) == whole.phrases_received


def test_counts_of_packets_are_added_and_the_loss_is_that_of_all() -> None:
    whole = merged(
        [
            loads.session(1, [40.0], streams=loads.rtp(received=900, lost=100)),
            loads.session(2, [40.0], streams=loads.rtp(received=9000, lost=0)),
        ]
    )
    assert whole.rtp.inbound is not None
    assert (whole.rtp.inbound.packets_received, whole.rtp.inbound.packets_lost) == (9900, 100)
    assert whole.rtp.packet_loss_ratio == pytest.approx(0.01)


def test_the_course_says_when_it_got_worse_and_when_phrases_were_lost() -> None:
    late: list[float | None] = [40.0] * 60 + [90.0] * 29 + [None]  # a phrase every two seconds
    early: list[float | None] = [40.0] * 90
    course = merged([loads.session(1, late), loads.session(2, early)]).course
    assert [each.start_seconds for each in course] == [0.0, 60.0, 120.0]
    assert course[-1].end_seconds == 181.0
    assert sum(each.phrases_sent for each in course) == 180
    assert [each.phrases_sent - each.phrases_received for each in course] == [0, 0, 1]
    assert [each.one_way_delay_p95_ms for each in course] == [40.0, 40.0, 90.0]


def test_a_stretch_in_which_nobody_speaks_is_part_of_the_course() -> None:
    phrases = (phrase(1, 40.0, at_seconds=5.0), phrase(2, 44.0, at_seconds=35.0))
    course = course_of(phrases)
    assert [each.phrases_sent for each in course] == [1, 0, 0, 1]
    assert course[1].one_way_delay_median_ms is None
    assert course_of(()) == ()


def test_sessions_with_different_delays_that_stay_have_no_drift() -> None:
    generator = np.random.default_rng(3)
    steady = [[level + noise for noise in generator.normal(0, 0.1, 40).tolist()] for level in (40.0, 140.0)]
    whole = merged([loads.session(number, each) for number, each in enumerate(steady, start=1)])
    assert whole.drift is not None
    assert abs(whole.drift.ms_per_minute) < 0.5


def test_a_delay_that_grows_in_every_session_is_a_drift() -> None:
    growing: list[float | None] = [40.0 + place / 10 for place in range(40)]  # a phrase every two seconds
    whole = merged([loads.session(number, growing) for number in (1, 2, 3)])
    assert whole.drift is not None
    assert whole.drift.ms_per_minute == pytest.approx(3.0, rel=0.05)


def test_no_session_has_no_figures() -> None:
    whole = merged([])
    assert whole.phrases_sent == 0
    assert whole.one_way_delay_ms.median is None
    assert whole.rtp.packet_loss_ratio is None
