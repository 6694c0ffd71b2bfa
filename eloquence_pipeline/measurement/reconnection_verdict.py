"""Judge disturbed calls against their limits; the whole is as good as its worst call."""

from __future__ import annotations

from collections.abc import Sequence

from eloquence_pipeline.models import (
    DisturbedCall,
    ReconnectionFigures,
    ReconnectionLimits,
    ReconnectionVerdict,
    Recovery,
    VerdictStatus,
)
from eloquence_pipeline.settings import ThresholdSettings

_MOST_LEFT_OUT_FRAMES = 10
"""Coming back makes work for the tester as well; what it leaves out is heard as a part of the gap."""


def judge_call(
    call: DisturbedCall, limits: ReconnectionLimits, thresholds: ThresholdSettings
) -> DisturbedCall:
    """Return the call with the limits that it missed.

    The time of the outage itself is taken off gap and recovery: nobody can hear through a line that is dead.
    """
    figures = call.figures
    if figures is None:
        return call
    return call.model_copy(
        update={"missed": tuple(_missed(figures, limits)), "invalid": _invalid(figures, thresholds)}
    )


def _missed(figures: ReconnectionFigures, limits: ReconnectionLimits) -> list[str]:
    missed: list[str] = []
    if figures.recovery is Recovery.NONE:
        missed.append("the call did not come back")
    for what, value_ms, limit_ms in (
        ("audible gap", figures.audible_gap_ms, limits.audible_gap_max_ms),
        ("recovery of the SDK", figures.sdk_recovery_ms, limits.recovery_max_ms),
    ):
        beyond_ms = 0.0 if value_ms is None else value_ms - figures.outage_ms
        if beyond_ms > limit_ms:
            missed.append(f"{what} {beyond_ms:.0f} ms beyond the outage, limit {limit_ms:g} ms")
    if figures.rejoin_ms is not None and figures.rejoin_ms > limits.recovery_max_ms + figures.outage_ms:
        missed.append(f"joining again took {figures.rejoin_ms:.0f} ms, limit {limits.recovery_max_ms:g} ms")
    return missed


def _invalid(figures: ReconnectionFigures, thresholds: ThresholdSettings) -> str:
    # A gap is known to some 20 ms: frames that are a few milliseconds late make it no worse.
    tester, bound = figures.tester, thresholds.pacing_lateness_max_ms
    slow = max(tester.pacing_lateness_p99_ms, tester.event_loop_lag_p99_ms) > bound
    if not slow and tester.frames_skipped <= max(_MOST_LEFT_OUT_FRAMES, thresholds.frames_skipped_max):
        return ""
    return (
        f"tester overloaded (pacing lateness p99 {tester.pacing_lateness_p99_ms:.1f} ms, "
        f"{tester.frames_skipped} frames left out, event-loop lag p99 {tester.event_loop_lag_p99_ms:.1f} ms)"
    )


def judge_calls(calls: Sequence[DisturbedCall]) -> ReconnectionVerdict:
    """Judge all calls together.

    A call of which nothing can be said makes the verdict invalid, and so does a test in which nothing could
    be tried; a disturbance that this server does not offer does not.
    """
    invalid = [f"{_name(call)}: {call.invalid}" for call in calls if call.invalid]
    missed = [f"{_name(call)}: {sentence}" for call in calls for sentence in call.missed]
    if not any(call.figures for call in calls):
        invalid.insert(0, "nothing could be tried")
    status = VerdictStatus.INVALID if invalid else VerdictStatus.FAILED if missed else VerdictStatus.PASSED
    return ReconnectionVerdict(status=status, reasons=(*invalid, *missed))


def _name(call: DisturbedCall) -> str:
    return f"{call.disturbance.kind} ({call.disturbance.side}) #{call.repetition}"
