"""Disturbed calls, and the result over several of them."""

from __future__ import annotations

from eloquence_pipeline.measurement.reconnection import summaries
from eloquence_pipeline.models import (
    AudibleGap,
    Disturbance,
    DisturbanceKind,
    DisturbedCall,
    ReconnectionFigures,
    ReconnectionFormat,
    ReconnectionResult,
    ReconnectionVerdict,
    Recovery,
    VerdictStatus,
)
from tests.figures import pacing
from tests.golden.results import golden


def call(kind: DisturbanceKind, recovery: Recovery = Recovery.UNAIDED, number: int = 1) -> DisturbedCall:
    """Return a disturbed call that came back so."""
    back = recovery is not Recovery.NONE
    figures = ReconnectionFigures(
        outage_ms=1000 * kind.outage_seconds,
        sdk_noticed_ms=12,
        sdk_recovery_ms=180 if back else None,
        rejoin_ms=388 if recovery is Recovery.REJOINED else None,
        rejoin_attempts=int(recovery is Recovery.REJOINED),
        recovery=recovery,
        audible_gap_ms=520 + 10 * number if back else None,
        audible_gap_uncertainty_ms=24,
        gaps=(
            AudibleGap(position_in_sent_seconds=5.1, audible_ms=520, uncertainty_ms=24, speech_lost_ms=500),
        )
        if back
        else (),
        speech_lost_ms=500,
        phrases_said=7,
        phrases_lost=0 if back else 3,
        phrases_cut=1,
        delay_before_ms=45,
        delay_after_ms=55 if back else None,
        delay_change_ms=10 if back else None,
        tester=pacing(),
    )
    return DisturbedCall(
        disturbance=Disturbance(kind=kind, side=kind.sides[0], at_seconds=5),
        repetition=number,
        run_id="20261122T120000Z-abcdef",
        figures=figures,
        missed=() if back else ("the call did not come back",),
    )


def call_not_tried() -> DisturbedCall:
    """Return a call that could not be disturbed."""
    return DisturbedCall(
        disturbance=Disturbance(
            kind=DisturbanceKind.SERVER_RESTART, side=DisturbanceKind.SERVER_RESTART.sides[0], at_seconds=5
        ),
        repetition=1,
        not_tried="only a server that this test has started itself is killed",
    )


def reconnection() -> ReconnectionResult:
    """Return calls that came back, one that did not, and one that was not tried."""
    calls = (
        call(DisturbanceKind.FULL_RECONNECT),
        call(DisturbanceKind.BLACKOUT_3S, number=2),
        call(DisturbanceKind.PARTICIPANT_REMOVED, Recovery.REJOINED),
        call(DisturbanceKind.SERVER_LEAVE, Recovery.NONE),
        call_not_tried(),
    )
    run = golden("clean").run.model_copy(update={"scenario": "reconnect"})
    return ReconnectionResult(
        format=ReconnectionFormat(method_version=3),
        run=run,
        verdict=ReconnectionVerdict(status=VerdictStatus.FAILED, reasons=("it did not come back",)),
        limits={},
        summaries=summaries(calls),
        calls=calls,
    )
