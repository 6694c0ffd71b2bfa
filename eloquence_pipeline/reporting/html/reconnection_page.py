"""The report of disturbed calls."""

from __future__ import annotations

from eloquence_pipeline.models import (
    DisturbanceSummary,
    DisturbedCall,
    ReconnectionFigures,
    ReconnectionResult,
    Recovery,
    VerdictStatus,
)
from eloquence_pipeline.reporting.html.blocks import (
    Block,
    Headline,
    Listing,
    Page,
    Problem,
    Row,
    Table,
    Tile,
    section,
)
from eloquence_pipeline.reporting.html.comparisons import baseline_blocks
from eloquence_pipeline.reporting.html.course import event_table
from eloquence_pipeline.reporting.html.environment import (
    Evidence,
    repeat_blocks,
    report_link,
)
from eloquence_pipeline.reporting.html.frame import closing_sections, page_of_run
from eloquence_pipeline.reporting.html.reconnection_plot import timelines
from eloquence_pipeline.reporting.html.repeat import repeating_command
from eloquence_pipeline.reporting.html.text import Text, milliseconds, plural
from eloquence_pipeline.reporting.html.verdict import overloaded_text, worse_than_nights
from eloquence_pipeline.reporting.html.words import (
    DISTURBANCES,
    RECOVERIES,
    SIDES,
    STATUS_COLOURS,
    STATUSES,
)
from eloquence_pipeline.reporting.wording import spread

_MOST_OPEN = 12
"""More rows than that are folded."""
_CALL = "reconnect-call"
"""What the evidence of a call is kept as."""
_SENTENCES = {
    VerdictStatus.PASSED: Text(
        "La voix revient après chaque perturbation", "The voice comes back after every disturbance"
    ),
    VerdictStatus.INVALID: Text(
        "Rien ne peut être dit d'une partie des perturbations",
        "Nothing can be said of some of the disturbances",
    ),
}
_TOO_LONG = Text(
    "La voix revient trop tard après une perturbation", "The voice comes back too late after a disturbance"
)
_WORSE = Text("La voix revient moins bien que d'habitude", "The voice comes back less well than usual")
_NOT_BACK = Text("La voix ne revient pas toujours", "The voice does not always come back")


def reconnection_page(result: ReconnectionResult, evidence: Evidence) -> Page:
    """Return the report of all disturbed calls of a test.

    Parameters
    ----------
    result
        Over all calls.
    evidence
        Where its files are; each call has files and a report of its own.
    """
    sections = (
        section(
            "timelines",
            Text("Chaque appel, seconde par seconde", "Each call, second by second"),
            timelines(result.calls),
            beside=True,
        ),
        section(
            "disturbances",
            Text("Perturbations", "Disturbances"),
            [_summary_table(result), _not_tried(result)],
        ),
        section("calls", Text("Appels", "Calls"), _call_blocks(result, evidence)),
        section("nights", Text("Nuits précédentes", "Nights before"), baseline_blocks(result.baseline)),
        *closing_sections(
            result.run,
            result.format.method_version,
            repeat_blocks(repeating_command(result.run)),
            evidence,
        ),
    )
    return page_of_run(result.run, reconnection_headline(result), _tiles(result), sections)


def reconnection_headline(result: ReconnectionResult) -> Headline:
    """Return the verdict over all disturbed calls."""
    status = result.status
    counts = _recoveries(result)
    failed = _NOT_BACK if counts[Recovery.NONE] else _TOO_LONG
    if result.verdict.status is VerdictStatus.PASSED and status is not VerdictStatus.PASSED:
        failed = _WORSE
    tried = sum(counts.values())
    more = Text(
        f"{tried} perturbations essayées sur {len(result.calls)} : {counts[Recovery.UNAIDED]} revenues "
        f"sans aide, "
        f"{counts[Recovery.REJOINED]} en rejoignant la salle, {counts[Recovery.NONE]} pas revenues",
        f"{tried} of {len(result.calls)} disturbances tried: {counts[Recovery.UNAIDED]} came back unaided, "
        f"{counts[Recovery.REJOINED]} by joining again, {counts[Recovery.NONE]} did not come back",
    )
    bad = [_problem(call) for call in result.calls if call.missed or call.invalid]
    return Headline(
        colour=STATUS_COLOURS[status],
        status=STATUSES[status],
        sentence=_SENTENCES.get(status, failed),
        problems=(*bad, *worse_than_nights(result.baseline)),
        more=(more,),
    )


def _recoveries(result: ReconnectionResult) -> dict[Recovery, int]:
    found = [call.figures.recovery for call in result.calls if call.figures is not None]
    return {recovery: found.count(recovery) for recovery in Recovery}


def _problem(call: DisturbedCall) -> Problem:
    figures = call.figures
    if figures is not None and figures.tester.overloaded:
        told = Text(" : ", ": ") + overloaded_text(figures.tester)
        return Problem(call_name(call) + told, anchor="calls")
    if call.invalid or figures is None:
        return Problem(call_name(call) + f": {call.invalid or call.not_tried}", anchor="calls")
    if figures.recovery is Recovery.NONE:
        return Problem(call_name(call) + Text(" : ", ": ") + RECOVERIES[Recovery.NONE], anchor="calls")
    gap, back = milliseconds(figures.audible_gap_ms, 0), milliseconds(_back_ms(figures), 0)
    told = Text(f" : coupure audible {gap}, retour après {back}", f": audible gap {gap}, back after {back}")
    return Problem(call_name(call) + told, anchor="calls")


def _back_ms(figures: ReconnectionFigures) -> float | None:
    return figures.sdk_recovery_ms if figures.rejoin_ms is None else figures.rejoin_ms


def call_name(call: DisturbedCall) -> Text:
    """Return what was done to whom in a call."""
    name = DISTURBANCES[call.disturbance.kind] + Text(" (", " (") + SIDES[call.disturbance.side] + ")"
    return name + (f" n° {call.repetition}" if call.repetition > 1 else "")


def _tiles(result: ReconnectionResult) -> tuple[Tile, ...]:
    gaps = [
        (call.figures.audible_gap_ms, call)
        for call in result.calls
        if call.figures is not None and call.figures.audible_gap_ms is not None
    ]
    counts = _recoveries(result)
    lost = counts[Recovery.NONE]
    tiles = [
        Tile(
            name=Text("appels pas revenus", "calls that did not come back"),
            value=str(lost),
            judged=plural(sum(counts.values()), ("essayé", "essayés"), ("tried", "tried")),
            colour="red" if lost else "green",
            note=Text("", ""),
        )
    ]
    if gaps:
        longest, call = max(gaps, key=lambda found: found[0])
        tiles.append(
            Tile(
                name=Text("plus longue coupure audible", "longest audible gap"),
                value=milliseconds(longest, 0),
                judged=call_name(call),
                colour="red" if any(one.missed for _, one in gaps) else "green",
                note=Text("", ""),
            )
        )
    return tuple(tiles)


def _summary_table(result: ReconnectionResult) -> Table:
    columns = (
        Text("perturbation", "disturbance"),
        Text("côté", "side"),
        Text("revenus", "came back"),
        Text("coupure audible (ms)", "audible gap (ms)"),
        Text("SDK (ms)", "SDK (ms)"),
        Text("salle rejointe (ms)", "joined again (ms)"),
        Text("Δ délai (ms)", "Δ delay (ms)"),
        Text("phrases perdues / coupées", "phrases lost / cut"),
    )
    rows = tuple(_summary_row(summary) for summary in result.summaries)
    title = Text("Médianes [extrêmes] par perturbation", "Medians [extremes] of each disturbance")
    return Table(title, columns, rows, words=frozenset({0, 1}))


def _summary_row(summary: DisturbanceSummary) -> Row:
    back = summary.unaided + summary.rejoined
    return (
        DISTURBANCES[summary.kind],
        SIDES[summary.side],
        f"{back} / {summary.tried}" if summary.tried else "—",
        *(
            spread(figure, to="–")
            for figure in (
                summary.audible_gap_ms,
                summary.sdk_recovery_ms,
                summary.rejoin_ms,
                summary.delay_change_ms,
            )
        ),
        f"{summary.phrases_lost} / {summary.phrases_cut}",
    )


def _not_tried(result: ReconnectionResult) -> Listing | None:
    untried = [summary for summary in result.summaries if summary.not_tried]
    if not untried:
        return None
    head = Text("non essayée : ", "not tried: ")
    return Listing(tuple(head + DISTURBANCES[one.kind] + f" · {one.not_tried}" for one in untried))


def _call_blocks(result: ReconnectionResult, evidence: Evidence) -> list[Block]:
    rows = tuple(_call_row(call, evidence) for call in result.calls)
    columns = (
        Text("appel", "call"),
        Text("retour", "recovery"),
        Text("coupure audible", "audible gap"),
        Text("SDK", "SDK"),
        Text("délai avant → après", "delay before → after"),
        Text("rapport", "report"),
    )
    blocks: list[Block] = [
        Table(
            Text("Chaque appel", "Each call"),
            columns,
            rows,
            words=frozenset({0, 1, 5}),
            folded=len(rows) > _MOST_OPEN,
        )
    ]
    for call in result.calls:
        if call.events and call.missed:
            table = event_table(call.events)
            title = call_name(call) + Text(" · ", " · ") + table.title
            blocks.append(Table(title, table.columns, table.rows, table.words, folded=True))
    return blocks


def _call_row(call: DisturbedCall, evidence: Evidence) -> Row:
    figures = call.figures
    if figures is None:
        return (
            call_name(call),
            call.not_tried or call.invalid,
            "—",
            "—",
            "—",
            report_link(call.run_id, _CALL, evidence),
        )
    gap = milliseconds(figures.audible_gap_ms, 0)
    if figures.audible_gap_ms:
        gap += f" ± {figures.audible_gap_uncertainty_ms:.0f}"
    before, after = milliseconds(figures.delay_before_ms, 0), milliseconds(figures.delay_after_ms, 0)
    return (
        call_name(call),
        RECOVERIES[figures.recovery],
        gap,
        milliseconds(figures.sdk_recovery_ms, 0),
        f"{before} → {after}",
        report_link(call.run_id, _CALL, evidence),
    )
