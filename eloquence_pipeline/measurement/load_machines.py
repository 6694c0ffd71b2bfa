"""From what load cells on many machines measured to one result; order and grouping change nothing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND, KernelClock
from eloquence_pipeline.measurement.clock_bounds import OffsetBounds, clock_error_ms
from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.models import RunInfo, Verdict, VerdictStatus
from eloquence_pipeline.models.load import LoadResult, LoadWish, NotMeasured, ServerFigures
from eloquence_pipeline.models.load_cells import (
    LostCell,
    MachineFigures,
    ManyMachinesResult,
    ShareFigures,
)
from eloquence_pipeline.settings import ThresholdSettings


@dataclass(frozen=True)
class Lead:
    """What the coordinator knows besides the figures.

    Attributes
    ----------
    clock_id, kernel_clock
        Of its own machine.
    start_at
        The agreed moment.
    bounds
        What is known of the load cells' clocks.
    lost
        Load cells that handed over no figures.
    """

    clock_id: str
    kernel_clock: KernelClock
    start_at: datetime
    bounds: Mapping[int, OffsetBounds]
    lost: Sequence[LostCell]


def merge_machines(
    run: RunInfo,
    wish: LoadWish,
    figures: Sequence[ShareFigures],
    lead: Lead,
    *,
    server: ServerFigures | None,
    thresholds: ThresholdSettings,
) -> ManyMachinesResult:
    """Put together what the load cells measured, and judge it: raw figures, never percentiles.

    What a load cell that was lost would have measured is not known, and nobody is blamed for it; the figures
    and the limit are those of the rest. The whole cannot have passed then.

    Parameters
    ----------
    run
        Taken over into the result as it is.
    wish
        How many sessions there were to be, on all machines.
    figures
        Of every load cell that handed over any, at least one, in any order.
    lead, server
        Of the coordinator.
    thresholds
        Bounds of the classes.
    """
    parts = sorted(figures, key=lambda one: one.cell)
    processes = sorted((one for part in parts for one in part.processes), key=lambda one: one.cell)
    lost_sessions = sum(len(one.sessions) for one in lead.lost)
    rest = analyse_load(
        run,
        wish.model_copy(update={"sessions": wish.sessions - lost_sessions}),
        processes,
        host=max((part.host for part in parts), key=lambda host: host.busy_ratio_avg),
        server=server,
        thresholds=thresholds,
    )
    machines = tuple(_machine(part, lead) for part in parts)
    return ManyMachinesResult.model_validate(
        {
            **dict(rest),
            **_with_lost(rest, lead.lost, wish.sessions),
            "machines": machines,
            "lost_cells": tuple(sorted(lead.lost, key=lambda one: one.cell)),
            "start_at": lead.start_at,
            "cells_spread_ms": _spread_ms(machines),
            "clocks_error_ms": _spread_error_ms(machines),
        }
    )


def _with_lost(rest: LoadResult, lost: Sequence[LostCell], planned: int) -> dict[str, object]:
    missing = [
        NotMeasured(session=session, cell=one.cell, reason=f"load cell {one.cell}: {one.reason}")
        for one in sorted(lost, key=lambda one: one.cell)
        for session in one.sessions
    ]
    return {
        "sessions_planned": planned,
        "sessions_not_measured": rest.sessions_not_measured + len(missing),
        "not_measured": (*rest.not_measured, *missing),
        "verdict": _without(rest.verdict, lost, len(missing), planned),
    }


def _without(verdict: Verdict, lost: Sequence[LostCell], missing: int, planned: int) -> Verdict:
    """Return the verdict where load cells are lost: what failed has failed, the rest has not shown enough."""
    if not lost:
        return verdict
    told = [f"load cell {one.cell}: {one.reason}" for one in sorted(lost, key=lambda one: one.cell)]
    reason = f"{missing} of {planned} sessions were not measured ({'; '.join(told)})"
    failed = verdict.status is VerdictStatus.FAILED
    return verdict.model_copy(
        update={
            "status": VerdictStatus.FAILED if failed else VerdictStatus.INVALID,
            "reasons": (reason, *verdict.reasons),
        }
    )


def _machine(part: ShareFigures, lead: Lead) -> MachineFigures:
    error_ms = None
    if part.beginning is not None:
        error_ms = clock_error_ms(
            lead.bounds.get(part.cell, OffsetBounds()),
            part.beginning.kernel_clock,
            lead.kernel_clock,
            is_the_same=part.machine.clock_id == lead.clock_id,
        )
    return MachineFigures(
        cell=part.cell,
        machine=part.machine,
        sessions=tuple(sorted(one.figures.session for process in part.processes for one in process.sessions)),
        processes=tuple(sorted(process.cell for process in part.processes)),
        beginning=part.beginning,
        clock_error_ms=error_ms,
        host=part.host,
        evidence=part.evidence,
    )


def _spread_ms(machines: Sequence[MachineFigures]) -> float:
    began = [one.beginning.began_at for one in machines if one.beginning]
    return (max(began) - min(began)).total_seconds() * MILLISECONDS_PER_SECOND if began else 0.0


def _spread_error_ms(machines: Sequence[MachineFigures]) -> float | None:
    """Return by what two load cells' clocks differ at most: those furthest from the coordinator's."""
    # Load cells of one machine stamp with one clock.
    errors: dict[str, float | None] = {
        one.machine.clock_id: one.clock_error_ms for one in machines if one.beginning
    }
    known = [error for error in errors.values() if error is not None]
    if len(errors) <= 1:
        return 0.0
    return sum(sorted(known)[-2:]) if len(known) == len(errors) else None
