"""From what the cells measured to one result: raw figures are put together, never percentiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from eloquence_pipeline.measurement.load_limit import Witnesses, who_gave_up
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.measurement.rtp import GAUGES, with_shares
from eloquence_pipeline.measurement.statistics import drift_of_phrases, histogram, summarise
from eloquence_pipeline.measurement.verdict import judge
from eloquence_pipeline.models import (
    InboundRtp,
    OutboundRtp,
    PacingFigures,
    RtpFigures,
    RunInfo,
    Verdict,
    VerdictStatus,
)
from eloquence_pipeline.models.load import (
    CellResult,
    HostFigures,
    LimitSide,
    LoadFigures,
    LoadFormat,
    LoadLimit,
    LoadResult,
    LoadWish,
    MeasuredSession,
    ServerFigures,
)
from eloquence_pipeline.settings import ThresholdSettings

T = TypeVar("T", bound=BaseModel)

_PUNCTUAL = PacingFigures(
    pacing_lateness_p99_ms=0.0,
    pacing_lateness_max_ms=0.0,
    event_loop_lag_p99_ms=0.0,
    arrival_jitter_p99_ms=0.0,
    frames_skipped=0,
    overloaded=False,
)


def analyse_load(
    run: RunInfo,
    wish: LoadWish,
    cells: Sequence[CellResult],
    *,
    host: HostFigures,
    server: ServerFigures | None,
    thresholds: ThresholdSettings,
) -> LoadResult:
    """Put together what all cells measured, and judge it.

    Sessions whose tester did not keep its pace are left out of the figures and of the verdict: they are
    invalid, not bad. If there is any, or one that was not measured, the whole cannot have passed: so many
    sessions were not shown to go well.

    Parameters
    ----------
    run
        Taken over into the result as it is.
    wish
        How many sessions there were to be.
    cells
        Raw figures of every cell, in any order.
    host, server
        Of the machine of the tester, and of the server, while there was load.
    thresholds
        Bounds of the classes.
    """
    sessions = sorted((one for cell in cells for one in cell.sessions), key=lambda one: one.figures.session)
    missing = tuple(one for cell in cells for one in cell.not_measured)
    valid = [one for one in sessions if one.figures.is_valid]
    figures = [cell.figures for cell in cells if cell.figures is not None]
    bare = judged(valid, thresholds)
    witnesses = Witnesses([one.figures for one in sessions], missing, figures, host, server, thresholds)
    limit = who_gave_up(witnesses, bare.figures)
    starts = [one.start_late_ms for one in figures]
    return LoadResult(
        format=LoadFormat(method_version=METHOD_VERSION),
        run=run,
        verdict=_with_limit(bare, limit, wish.sessions - len(valid), wish.sessions),
        thresholds=thresholds.model_dump(),
        sessions_planned=wish.sessions,
        sessions_measured=len(valid),
        sessions_invalid=len(sessions) - len(valid),
        sessions_not_measured=len(missing),
        background_planned=wish.background,
        background_carried=sum(cell.background_carried for cell in cells),
        limit=limit,
        figures=merged(valid),
        sessions=tuple(one.figures for one in sessions),
        not_measured=missing,
        cells=tuple(sorted(figures, key=lambda one: one.cell)),
        host=host,
        server=server,
        start_spread_ms=max(0.0, max(starts, default=0.0)),
    )


def judged(sessions: Sequence[MeasuredSession], thresholds: ThresholdSettings) -> Verdict:
    """Judge sessions whose tester kept its pace; each figure by the session that has the worst."""
    phrases = [phrase for one in sessions for phrase in one.phrases]
    broken = [one.figures for one in sessions if one.figures.failure]
    failure = f"session {broken[0].session}: {broken[0].failure}" if broken else ""
    speakers = [one.figures.figures for one in sessions]
    return judge(phrases, speakers, _PUNCTUAL, thresholds, failure=failure)


def _with_limit(verdict: Verdict, limit: LoadLimit, lacking: int, planned: int) -> Verdict:
    """Return the verdict over the whole: invalid where the tester gave up, or sessions are lacking."""
    reasons = list(verdict.reasons)
    if limit.side is LimitSide.TESTER:
        told = [f"invalid: {reason}" for reason in limit.reasons]
        return verdict.model_copy(update={"status": VerdictStatus.INVALID, "reasons": (*told, *reasons)})
    if lacking:
        told = f"{lacking} of {planned} sessions were not measured"
        status = VerdictStatus.FAILED if verdict.status is VerdictStatus.FAILED else VerdictStatus.INVALID
        return verdict.model_copy(update={"status": status, "reasons": (told, *reasons)})
    return verdict


def merged(sessions: Sequence[MeasuredSession]) -> LoadFigures:
    """Return the figures of all phrases of some sessions together."""
    phrases = [phrase for one in sessions for phrase in one.phrases]
    delays = [phrase.one_way_delay_ms for phrase in phrases]
    return LoadFigures(
        phrases_sent=len(phrases),
        phrases_received=sum(phrase.received for phrase in phrases),
        end_to_end_ms=summarise(phrase.end_to_end_ms for phrase in phrases),
        one_way_delay_ms=summarise(delays),
        one_way_delay_histogram=histogram(delays),
        jitter_buffer_ms=summarise(phrase.jitter_buffer_ms for phrase in phrases),
        rtp=_rtp([one.figures.figures.rtp for one in sessions]),
        drift=drift_of_phrases(one.phrases for one in sessions),
    )


def _rtp(figures: Sequence[RtpFigures]) -> RtpFigures:
    return with_shares(
        _summed(InboundRtp, [one.inbound for one in figures if one.inbound]),
        _summed(OutboundRtp, [one.outbound for one in figures if one.outbound]),
    )


def _summed(model: type[T], parts: Sequence[T]) -> T | None:
    if not parts:
        return None
    values = {
        name: (max if name in GAUGES else sum)(getattr(one, name) for one in parts)
        for name in model.model_fields
    }
    return model.model_validate(values)
