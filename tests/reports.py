"""Results of every kind, and what is written in the HTML of their reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple, cast

from eloquence_pipeline.measurement.reconnection import summaries
from eloquence_pipeline.models import (
    AudibleGap,
    Axis,
    BaselineComparison,
    Change,
    ClassEdge,
    CourseFigures,
    CourseInterval,
    Disturbance,
    DisturbanceKind,
    DisturbedCall,
    FigureComparison,
    LeftOut,
    MatrixCell,
    MatrixResult,
    NetworkFigures,
    PacingFigures,
    ReconnectionFigures,
    ReconnectionFormat,
    ReconnectionResult,
    ReconnectionVerdict,
    Recovery,
    ScenarioResult,
    Since,
    StreamCount,
    SuitePart,
    SuiteRecord,
    VerdictStatus,
)

EXPECTED = Path(__file__).parent / "golden" / "expected"
GOLDEN = ("clean", "lossy", "several", "unheard", "broken-off")
PREFIX = "runs/2026-11-22/basic/20261122T120000Z-c1ea00/"
TESTER = PacingFigures(
    pacing_lateness_p99_ms=1,
    pacing_lateness_max_ms=2,
    event_loop_lag_p99_ms=1,
    arrival_jitter_p99_ms=9,
    frames_skipped=0,
    overloaded=False,
)
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
FREE_TEXTS = {
    "text",
    "target",
    "room",
    "livekit_url",
    "clock_id",
    "detail",
    "error",
    "error_type",
    "explanation",
}
"""Keys of a result under which anything may stand that somebody has written."""


def golden(name: str) -> ScenarioResult:
    """Return the result of a golden run."""
    return ScenarioResult.model_validate_json((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))


def slow() -> ScenarioResult:
    """Return a result that missed a threshold of the latency, in a phrase that it names."""
    result = golden("clean")
    missed = tuple(
        figure.model_copy(update={"passed": False, "value": 676.8})
        if figure.figure == "latency_max_ms"
        else figure
        for figure in result.verdict.figures
    )
    verdict = result.verdict.model_copy(
        update={"figures": missed, "status": VerdictStatus.FAILED, "reasons": ("latency_max_ms is too high",)}
    )
    return result.model_copy(update={"verdict": verdict})


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


def with_texts(result: ScenarioResult, text: str) -> ScenarioResult:
    """Return a result in which every text that somebody has written is another one."""
    document = cast(dict[str, Any], _replaced(result.model_dump(mode="json"), text))
    run = document["run"]
    run |= {
        "run_id": text,
        "scenario": text,
        "versions": {text: text},
        "host": {text: text},
        "parameters": {"test": text, "network": text, "categories": [text]},
    }
    document["details"] = {text: {text: [text]}}
    document["verdict"]["reasons"] = [f"the transmission broke off: {text}", f"invalid: {text}"]
    document["attempts"] = [
        {
            "number": 1,
            "room": text,
            "started_at": "2026-11-22T12:00:00Z",
            "outcome": "failed_before_audio",
            "error_type": text,
            "error": text,
        }
    ]
    document["events"] = [
        {"monotonic_ns": 1, "side": "publisher", "identity": text, "name": text, "detail": text}
    ]
    document["stability"]["participants"][0]["quality_changes"] = [text]
    for gap in document["loss"]["gaps"]:
        gap["estimated_words"] = [text, text]
    document["network"] = NETWORK.model_copy(update={"name": text, "conditions": text}).model_dump()
    return ScenarioResult.model_validate(document)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, list):
        return [_replaced(one, text) for one in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    found = cast(dict[str, Any], value)
    return {
        name: text
        if name in FREE_TEXTS
        else f"{text} {one}"
        if name in {"speaker", "identity"} and one
        else _replaced(one, text)
        for name, one in found.items()
    }


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
        tester=TESTER,
    )
    return DisturbedCall(
        disturbance=Disturbance(kind=kind, side=kind.sides[0], at_seconds=5),
        repetition=number,
        run_id="20261122T120000Z-abcdef",
        figures=figures,
        missed=() if back else ("the call did not come back",),
    )


def reconnection() -> ReconnectionResult:
    """Return calls that came back, one that did not, and one that was not tried."""
    untried = DisturbedCall(
        disturbance=Disturbance(
            kind=DisturbanceKind.SERVER_RESTART, side=DisturbanceKind.SERVER_RESTART.sides[0], at_seconds=5
        ),
        repetition=1,
        not_tried="only a server that this test has started itself is killed",
    )
    calls = (
        call(DisturbanceKind.FULL_RECONNECT),
        call(DisturbanceKind.BLACKOUT_3S, number=2),
        call(DisturbanceKind.PARTICIPANT_REMOVED, Recovery.REJOINED),
        call(DisturbanceKind.SERVER_LEAVE, Recovery.NONE),
        untried,
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


class Element(NamedTuple):
    """A start tag."""

    tag: str
    attributes: dict[str, str]


class Elements(HTMLParser):
    """The start tags of a page, its texts, and its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags, each with the names of its attributes."""
        return [(element.tag, tuple(sorted(element.attributes))) for element in self.elements]

    @property
    def addresses(self) -> list[str]:
        """Everything that the page could ask for."""
        names = ("src", "href", "xlink:href", "srcset", "action", "poster", "data", "background")
        return [
            element.attributes[name]
            for element in self.elements
            for name in names
            if name in element.attributes
        ]
