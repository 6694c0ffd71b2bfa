"""From events and recordings of a disturbed call to its figures, its verdict and the spread of many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.reconnection import (
    disturbed_events,
    measure_disturbed_call,
    summaries,
)
from eloquence_pipeline.measurement.reconnection_verdict import judge_call, judge_calls
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import (
    ConnectionEvent,
    Disturbance,
    DisturbanceKind,
    DisturbedCall,
    DisturbedSide,
    ReconnectionFigures,
    Recovery,
    Side,
    Transmission,
    VerdictStatus,
)
from eloquence_pipeline.settings import ReconnectionSettings, ThresholdSettings
from tests.simulated import START_NS, Simulation, run_info

pytestmark = pytest.mark.unit

SIDES = {"speaker": Side.PUBLISHER, "listener": Side.SUBSCRIBER}
Told = tuple[float, str, str, str]
"""Seconds from the beginning, identity, name and detail of an event."""


def event(seconds: float, identity: str, name: str, detail: str = "") -> ConnectionEvent:
    return ConnectionEvent(
        monotonic_ns=START_NS + round(seconds * 1e9),
        side=SIDES[identity],
        identity=identity,
        name=name,
        detail=detail,
    )


def disturbed(folder: Path, delays: list[int | None], told: Sequence[Told]) -> Transmission:
    """Return a call of one phrase every 3 s, each with its delay in samples or lost, and its events."""
    transmission = Simulation(delays).write(folder)
    (channel,) = transmission.channels
    assert channel.received
    events = {end: tuple(event(*one) for one in told if one[1] == end) for end in ("speaker", "listener")}
    ends = {
        "sent": channel.sent.model_copy(update={"events": events["speaker"]}),
        "received": channel.received.model_copy(
            update={"identity": "listener", "events": events["listener"]}
        ),
    }
    return transmission.model_copy(update={"channels": (channel.model_copy(update=ends),)})


def figures_of(
    folder: Path,
    told: Sequence[Told],
    *,
    delays: list[int | None] | None = None,
    kind: DisturbanceKind = DisturbanceKind.FULL_RECONNECT,
    side: DisturbedSide = DisturbedSide.LISTENER,
) -> ReconnectionFigures:
    transmission = disturbed(folder, delays or [2400] * 5, told)
    result = analyse(transmission, folder, run_info(), (), ThresholdSettings())
    disturbance = Disturbance(kind=kind, side=side, at_seconds=4.5)
    return measure_disturbed_call(transmission, folder, disturbance, result)


def test_what_the_sdk_says_is_counted_from_the_disturbance(tmp_path: Path) -> None:
    told: list[Told] = [
        (1.0, "listener", "reconnected", ""),
        (4.5, "listener", "disturbed", "full_reconnect"),
        (4.51, "listener", "reconnecting", ""),
        (4.6, "speaker", "reconnected", ""),
        (4.7, "listener", "reconnected", ""),
    ]
    figures = figures_of(tmp_path, told)
    assert figures.sdk_noticed_ms == pytest.approx(10)
    assert figures.sdk_recovery_ms == pytest.approx(200)
    assert (figures.rejoin_ms, figures.rejoin_attempts) == (None, 0)
    assert figures.recovery is Recovery.UNAIDED
    assert (figures.audible_gap_ms, figures.gaps, figures.speech_lost_ms) == (0.0, (), 0.0)
    assert (figures.phrases_said, figures.phrases_lost, figures.phrases_cut) == (5, 0, 0)
    assert figures.delay_before_ms == pytest.approx(50, abs=0.3)
    assert figures.delay_change_ms == pytest.approx(0, abs=0.3)
    assert figures.outage_ms == 0


def test_an_sdk_that_says_nothing_has_no_recovery_time(tmp_path: Path) -> None:
    told: list[Told] = [
        (4.5, "listener", "disturbed", "blackout_3s"),
        (7.52, "listener", "disturbance_over", "blackout_3s"),
        (17.0, "listener", "disconnected", "CLIENT_INITIATED"),
    ]
    delays: list[int | None] = [2400, None, 2400, 7200, 7200]
    figures = figures_of(tmp_path, told, delays=delays, kind=DisturbanceKind.BLACKOUT_3S)
    assert (figures.sdk_noticed_ms, figures.sdk_recovery_ms) == (None, None)
    assert figures.outage_ms == pytest.approx(3020)
    assert figures.phrases_lost == 1
    assert figures.delay_change_ms == pytest.approx(100, abs=1)
    # A phrase of 1.2 s in pauses of 1.8 s was lost: the gap is anything between.
    assert figures.audible_gap_ms == pytest.approx(3000, abs=40)
    assert figures.audible_gap_uncertainty_ms == pytest.approx(1800, abs=40)


def test_joining_again_is_counted_from_being_put_out(tmp_path: Path) -> None:
    told: list[Told] = [
        (4.5, "speaker", "disturbed", "participant_removed"),
        (4.52, "speaker", "disconnected", "PARTICIPANT_REMOVED"),
        (4.7, "speaker", "rejoining", "attempt 1"),
        (4.9, "speaker", "rejoin_failed", "no answer"),
        (5.2, "speaker", "rejoining", "attempt 2"),
        (5.4, "speaker", "rejoined", "attempt 2"),
    ]
    kind, side = DisturbanceKind.PARTICIPANT_REMOVED, DisturbedSide.SPEAKER
    figures = figures_of(tmp_path, told, kind=kind, side=side)
    assert figures.rejoin_ms == pytest.approx(880)
    assert figures.rejoin_attempts == 2
    assert figures.recovery is Recovery.REJOINED


def test_of_both_ends_the_later_one_counts_and_both_have_to_say_so(tmp_path: Path) -> None:
    kind, side = DisturbanceKind.SERVER_RESTART, DisturbedSide.BOTH
    told: list[Told] = [
        (4.5, "speaker", "disturbed", "server_restart"),
        (4.5, "listener", "disturbed", "server_restart"),
        (6.0, "speaker", "reconnected", ""),
    ]
    assert figures_of(tmp_path, told, kind=kind, side=side).sdk_recovery_ms is None
    told.append((7.0, "listener", "reconnected", ""))
    assert figures_of(tmp_path, told, kind=kind, side=side).sdk_recovery_ms == pytest.approx(2500)


def test_a_call_of_which_nothing_is_heard_any_more_did_not_come_back(tmp_path: Path) -> None:
    told: list[Told] = [(4.5, "listener", "disturbed", "server_leave")]
    figures = figures_of(tmp_path, told, delays=[2400, 2400, None, None, None])
    assert figures.recovery is Recovery.NONE
    assert figures.audible_gap_ms is None
    assert figures.phrases_lost == 3


def test_a_call_that_ended_before_it_was_disturbed_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="before it was disturbed"):
        figures_of(tmp_path, [])


def test_the_events_from_a_second_before_the_disturbance_are_kept(tmp_path: Path) -> None:
    told: list[Told] = [
        (3.0, "listener", "connected", ""),
        (3.9, "speaker", "connection_quality_changed", ""),
        (4.5, "listener", "disturbed", ""),
        (4.6, "speaker", "reconnected", ""),
    ]
    names = [one.name for one in disturbed_events(disturbed(tmp_path, [2400] * 3, told))]
    assert names == ["connection_quality_changed", "disturbed", "reconnected"]


def call_with(figures: ReconnectionFigures | None, repetition: int = 1, not_tried: str = "") -> DisturbedCall:
    disturbance = Disturbance(kind=DisturbanceKind.BLACKOUT_3S, side=DisturbedSide.LISTENER, at_seconds=5.0)
    return DisturbedCall(disturbance=disturbance, repetition=repetition, figures=figures, not_tried=not_tried)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> ReconnectionFigures:
    figures = figures_of(tmp_path_factory.mktemp("good"), [(4.5, "listener", "disturbed", "")])
    return figures.model_copy(update={"outage_ms": 3000.0, "audible_gap_ms": 3400.0})


def judged(figures: ReconnectionFigures | None, **limits: object) -> DisturbedCall:
    settings = ReconnectionSettings.model_validate(limits)
    call = call_with(figures)
    return judge_call(call, settings.limits_of(call.disturbance.kind), ThresholdSettings())


def test_the_outage_itself_is_not_held_against_a_call(good: ReconnectionFigures) -> None:
    assert judged(good, audible_gap_max_ms=401).missed == ()
    (sentence,) = judged(good, audible_gap_max_ms=399).missed
    assert "audible gap 400 ms beyond the outage, limit 399 ms" in sentence


def test_a_kind_may_have_limits_of_its_own(good: ReconnectionFigures) -> None:
    own = {"blackout_3s": {"audible_gap_max_ms": 100}}
    assert judged(good, limits=own).missed
    assert not judged(good, limits={"blackout_8s": {"audible_gap_max_ms": 100}}).missed


def test_a_slow_recovery_fails_whoever_brought_it(good: ReconnectionFigures) -> None:
    slow = good.model_copy(update={"sdk_recovery_ms": 9000.0, "rejoin_ms": 9000.0})
    assert len(judged(slow, recovery_max_ms=5000).missed) == 2
    assert not judged(slow, recovery_max_ms=6000).missed


def test_a_call_that_did_not_come_back_fails_the_test(good: ReconnectionFigures) -> None:
    lost = good.model_copy(update={"recovery": Recovery.NONE, "audible_gap_ms": None})
    verdict = judge_calls([judged(good), judged(lost)])
    assert verdict.status is VerdictStatus.FAILED
    assert verdict.reasons == ("blackout_3s (listener) #1: the call did not come back",)


def test_a_tester_that_was_slow_all_along_makes_the_verdict_invalid(good: ReconnectionFigures) -> None:
    slow = good.tester.model_copy(update={"pacing_lateness_p99_ms": 25.0})
    call = judged(good.model_copy(update={"tester": slow}))
    assert judge_calls([call]).status is VerdictStatus.INVALID
    once = good.tester.model_copy(
        update={"pacing_lateness_p99_ms": 9.0, "pacing_lateness_max_ms": 25.0, "frames_skipped": 2}
    )
    assert judge_calls([judged(good.model_copy(update={"tester": once}))]).status is VerdictStatus.PASSED


def test_what_a_server_does_not_offer_fails_nothing_unless_it_is_everything(
    good: ReconnectionFigures,
) -> None:
    not_tried = call_with(None, not_tried="no such thing")
    assert judge_calls([judged(good), not_tried]).status is VerdictStatus.PASSED
    assert judge_calls([not_tried]).status is VerdictStatus.INVALID


def test_repetitions_are_put_together_with_their_spread(good: ReconnectionFigures) -> None:
    gaps = [3100.0, 3500.0, 3300.0]
    calls = [
        call_with(good.model_copy(update={"audible_gap_ms": gap, "sdk_recovery_ms": None}), number)
        for number, gap in enumerate(gaps, start=1)
    ]
    (summary,) = summaries([*calls, call_with(None, 4, "no such thing")])
    assert (summary.tried, summary.unaided, summary.lost) == (3, 3, 0)
    assert summary.not_tried == "no such thing"
    figure = summary.audible_gap_ms
    assert (figure.min, figure.median, figure.max) == (3100.0, 3300.0, 3500.0)
    assert figure.standard_deviation == pytest.approx(200)
    assert summary.sdk_recovery_ms.count == 0
