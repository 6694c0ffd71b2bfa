"""The report of a search for how many sessions go well."""

from __future__ import annotations

from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.models.load import CapacityResult, CapacityStep, LimitSide, LoadLimit
from eloquence_pipeline.reporting.html.blocks import Headline, Page, Problem, Row, Table, Tile, section
from eloquence_pipeline.reporting.html.capacity_plot import capacity_plots
from eloquence_pipeline.reporting.html.environment import (
    Evidence,
    repeat_blocks,
    report_link,
    run_in,
)
from eloquence_pipeline.reporting.html.frame import closing_sections, page_of_run
from eloquence_pipeline.reporting.html.load_words import (
    LIMIT_ADVICE,
    LIMIT_SIDES,
    limit_bound,
    limit_figure,
    limit_value,
)
from eloquence_pipeline.reporting.html.repeat import repeating_command
from eloquence_pipeline.reporting.html.text import Text, milliseconds, per_cent
from eloquence_pipeline.reporting.html.words import STATUS_COLOURS, STATUSES

_STEP = "load"
"""What the evidence of a number that was tried is kept as."""


def capacity_page(result: CapacityResult, evidence: Evidence) -> Page:
    """Return the report of a search for the limit; each number that was tried has a report of its own.

    Parameters
    ----------
    result
        Over all numbers that were tried.
    evidence
        Where its files are.
    """
    run = result.run
    sections = (
        section(
            "plots",
            Text("Selon le nombre de sessions", "By the number of sessions"),
            capacity_plots(result),
            beside=True,
        ),
        section("steps", Text("Essais", "Tries"), [_table(result, evidence)]),
        *closing_sections(
            run,
            result.format.method_version,
            repeat_blocks(repeating_command(run, result.thresholds)),
            evidence,
        ),
    )
    return page_of_run(run, capacity_headline(result), _tiles(result), sections)


def capacity_headline(result: CapacityResult) -> Headline:
    """Return the bracket in words, what gave way first, and on whose side."""
    limit, status = result.limit, result.verdict.status
    problems: list[Problem] = []
    if (figure := limit_figure(limit)) is not None:
        missed = result.fewest_that_did_not
        at = Text(f"à {missed} sessions, ", f"with {missed} sessions, ")
        if missed == 1:
            at = Text("à 1 session, ", "with 1 session, ")
        problems.append(Problem(at + figure, anchor="steps"))
    blame = None
    if limit.side is not LimitSide.NONE:
        blame = LIMIT_SIDES[limit.side]
        if limit.reasons:
            blame += Text(" : ", ": ") + "; ".join(limit.reasons)
    return Headline(
        colour=STATUS_COLOURS[status],
        status=STATUSES[status],
        sentence=_bracket(result),
        problems=tuple(problems),
        more=tuple(_more(result)),
        blame=blame,
        advice=LIMIT_ADVICE.get(limit.side),
    )


def _bracket(result: CapacityResult) -> Text:
    held, missed = result.most_that_held, result.fewest_that_did_not
    if not held:
        return Text("Pas même 1 session ne tient", "Not even 1 session holds")
    kept = (
        Text("1 session tient", "1 session holds")
        if held == 1
        else Text(f"{held} sessions tiennent", f"{held} sessions hold")
    )
    if not missed:
        return kept + Text(", la limite n'a pas été atteinte", ", the limit was not reached")
    return kept + Text(f", {missed} ne tiennent pas", f", {missed} do not")


def _more(result: CapacityResult) -> list[Text]:
    tried = len(result.steps)
    told = [Text(f"{tried} essais", f"{tried} tries") if tried != 1 else Text("1 essai", "1 try")]
    if result.limit.side is LimitSide.TESTER:
        told.append(
            Text(
                "combien le serveur en porte n'est pas connu : le testeur a cédé avant lui",
                "how many the server carries is not known: the tester gave way before it",
            )
        )
    return told


def _tiles(result: CapacityResult) -> tuple[Tile, ...]:
    held, missed, limit = result.most_that_held, result.fewest_that_did_not, result.limit
    nothing = Text("", "")
    tiles = [
        Tile(
            name=Text("sessions qui tiennent", "sessions that hold"),
            value=str(held),
            judged=Text("le plus grand nombre", "the largest number"),
            colour="green" if held else "red",
            note=nothing,
        )
    ]
    if missed:
        tiles.append(
            Tile(
                name=Text("sessions qui ne tiennent pas", "sessions that do not hold"),
                value=str(missed),
                judged=LIMIT_SIDES[limit.side],
                colour="yellow" if limit.side is LimitSide.TESTER else "orange",
                note=Text("le plus petit nombre", "the smallest number"),
            )
        )
    tiles += [tile] if (tile := _limit_tile(limit)) else []
    best = [step for step in result.steps if step.sessions == held and step.status is VerdictStatus.PASSED]
    if best:
        delay = best[-1].one_way_delay_ms
        tiles.append(
            Tile(
                name=Text(f"aller simple à {held}", f"one way with {held}"),
                value=milliseconds(delay.median),
                judged=Text("médiane", "median"),
                colour="grey",
                note=Text.same(f"p95 {milliseconds(delay.p95)}"),
            )
        )
    return tuple(tiles)


def _limit_tile(limit: LoadLimit) -> Tile | None:
    if not limit.figure or limit.value is None:
        return None
    bound = "" if not limit.bound else limit_bound(limit.figure, limit.bound)
    name = limit_figure(limit.model_copy(update={"value": None}))
    return Tile(
        name=name or Text("", ""),
        value=limit_value(limit.figure, limit.value),
        judged=Text("a cédé d'abord", "gave way first"),
        colour="red",
        note=Text(f"seuil {bound}", f"threshold {bound}") if bound else Text("", ""),
    )


def _table(result: CapacityResult, evidence: Evidence) -> Table:
    columns = (
        Text("sessions", "sessions"),
        Text("verdict", "verdict"),
        Text("aller simple", "one way"),
        Text("p95", "p95"),
        Text("RTP perdus", "RTP lost"),
        Text("inventé", "made up"),
        Text("retard p99", "sent late p99"),
        Text("machine", "machine"),
        Text("serveur (d'un cœur)", "server (of a core)"),
        Text("rapport", "report"),
    )
    rows = tuple(_row(step, evidence) for step in result.steps)
    title = Text("Dans l'ordre des essais", "In the order in which they were tried")
    return Table(title, columns, rows, words=frozenset({1, 9}))


def _row(step: CapacityStep, evidence: Evidence) -> Row:
    delay = step.one_way_delay_ms
    verdict = STATUSES[step.status]
    if step.status is not VerdictStatus.PASSED:
        verdict = LIMIT_SIDES[step.limit.side]
        figure = limit_figure(step.limit)
        verdict += Text("", "") if figure is None else Text(" : ", ": ") + figure
    nobody = not step.sessions_measured and not delay.count
    return (
        str(step.sessions),
        verdict,
        milliseconds(delay.median),
        milliseconds(delay.p95),
        per_cent(step.packet_loss_ratio, 2),
        per_cent(step.concealed_ratio, 2),
        "—" if nobody else milliseconds(step.pacing_lateness_p99_ms),
        "—" if nobody else per_cent(step.host_busy_ratio, 0),
        per_cent(step.server_cpu_ratio, 0),
        report_link(run_in(step.evidence), _STEP, evidence),
    )
