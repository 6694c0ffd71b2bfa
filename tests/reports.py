"""Results of runs, of matrices of networks and of suites, for their reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from eloquence_pipeline.models import (
    Axis,
    BaselineComparison,
    Change,
    ClassEdge,
    CourseFigures,
    CourseInterval,
    FigureComparison,
    LeftOut,
    MatrixCell,
    MatrixResult,
    NetworkFigures,
    ScenarioResult,
    Since,
    StreamCount,
    SuitePart,
    SuiteRecord,
    VerdictStatus,
)
from tests.disturbed import reconnection
from tests.golden.results import golden

GOLDEN = ("clean", "lossy", "several", "unheard", "broken-off")
PREFIX = "runs/2026-11-22/basic/20261122T120000Z-c1ea00/"
NETWORK = NetworkFigures(
    name="train",
    conditions="loss=3,latency=50",
    changed_in_call=True,
    uplink=StreamCount(ssrc=0, forwarded=970, lost=25, lost_in_outage=5),
    injected_loss_ratio=0.03,
    measured_loss_ratio=0.031,
    added_delay_ms=50.2,
    measured_network_ms=52.1,
    relay_lateness_p99_ms=0.4,
)
NIGHTS = BaselineComparison(
    change=Change.WORSE,
    provisional=True,
    alpha=0.01,
    nights=("20261121T120000Z-000001", "20261120T120000Z-000002"),
    figures=(
        FigureComparison(
            figure="one_way_delay_median_ms",
            unit="ms",
            value=57.1,
            usual=46.4,
            difference=10.7,
            scatter=1.0,
            nights=2,
            smallest_difference=5,
            p_value=0.001,
            change=Change.WORSE,
            since=Since(run_id="x", started_at=datetime(2026, 11, 20, tzinfo=UTC), nights=3),
        ),
        FigureComparison(figure="mos_lqo_mean", unit="score", value=None, smallest_difference=0.1),
    ),
    left_out={LeftOut.OTHER_TARGET: 2},
)


def with_figure(result: ScenarioResult, name: str, **changes: Any) -> ScenarioResult:
    """Return a result in which one judged figure is another one."""
    figures = tuple(
        figure.model_copy(update=changes) if figure.figure == name else figure
        for figure in result.verdict.figures
    )
    return result.model_copy(update={"verdict": result.verdict.model_copy(update={"figures": figures})})


def slow() -> ScenarioResult:
    """Return a result that missed a threshold of the latency, in a phrase that it names."""
    result = with_figure(golden("clean"), "latency_max_ms", passed=False, value=676.8)
    missed = {"status": VerdictStatus.FAILED, "reasons": ("latency_max_ms is too high",)}
    return result.model_copy(update={"verdict": result.verdict.model_copy(update=missed)})


def overloaded() -> ScenarioResult:
    """Return a result of which nothing can be said."""
    result = golden("clean")
    reasons = ("invalid: tester overloaded (pacing lateness p99 30.0 ms)",)
    verdict = result.verdict.model_copy(update={"status": VerdictStatus.INVALID, "reasons": reasons})
    return result.model_copy(update={"verdict": verdict})


def with_everything() -> ScenarioResult:
    """Return a result that has a network, a course, details, a comparison with nights, and gaps."""
    result = golden("lossy")
    interval = CourseInterval(
        start_seconds=0,
        end_seconds=60,
        phrases_sent=3,
        phrases_received=2,
        one_way_delay_median_ms=47.0,
        one_way_delay_p95_ms=61.0,
        network_median_ms=2.0,
        jitter_buffer_ms=None,
        rtp_loss_ratio=0.01,
        concealed_ratio=0.02,
        gap_count=1,
        gap_ms=120.0,
        state_changes=("speaker: reconnecting",),
    )
    return ScenarioResult.model_validate(
        result.model_dump()
        | {
            "network": NETWORK.model_dump(),
            "course": CourseFigures(
                interval_seconds=60, intervals=(interval, interval), longest_gap=None
            ).model_dump(),
            "details": {"answer": 42, "words": ["un", "deux"]},
            "baseline": NIGHTS.model_dump(),
        }
    )


def matrix() -> MatrixResult:
    """Return three networks, of which the worst one failed."""
    results = (golden("clean"), with_everything(), golden("unheard"))
    cells = tuple(
        MatrixCell(network=name, conditions=conditions, must_pass=not conditions, result=result)
        for (name, conditions), result in zip(
            (("clean", ""), ("loss=3", "loss=3"), ("loss=90", "loss=90")), results, strict=True
        )
    )
    edge = ClassEdge(
        axis=Axis.LOSS,
        figure="rtp_packet_loss_ratio",
        left="excellent",
        entered="acceptable",
        at=0.9,
        below="clean",
        above="loss=3",
    )
    return MatrixResult(cells=cells, edges=(edge,), errors={"4g": "no such network → name another"})


def suite() -> SuiteRecord:
    """Return tests of every kind, of which one could not be carried out."""
    parts: Mapping[str, Any] = {
        "basic": golden("clean"),
        "stress": slow(),
        "network": matrix(),
        "reconnect": reconnection(),
    }
    return SuiteRecord(
        run_id="20261122T120000Z-5017e0",
        started_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        parts={name: SuitePart(result=result, prefix=PREFIX) for name, result in parts.items()},
        errors={"latency": "the server is away → start it"},
    )
