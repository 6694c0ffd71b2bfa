"""The report of several tests together."""

from __future__ import annotations

from eloquence_pipeline.models import (
    MatrixResult,
    ReconnectionResult,
    ScenarioResult,
    SuitePart,
    SuiteRecord,
    VerdictStatus,
)
from eloquence_pipeline.reporting.html.blocks import (
    Block,
    Headline,
    Link,
    Listing,
    Page,
    Paragraph,
    Problem,
    Row,
    Section,
    Table,
    Tile,
    section,
)
from eloquence_pipeline.reporting.html.comparisons import baseline_sentence
from eloquence_pipeline.reporting.html.delay_plots import delay_plot
from eloquence_pipeline.reporting.html.environment import (
    Evidence,
    environment_table,
    evidence_blocks,
    repeat_blocks,
    report_link,
)
from eloquence_pipeline.reporting.html.matrix_page import matrix_headline
from eloquence_pipeline.reporting.html.reconnection_page import reconnection_headline
from eloquence_pipeline.reporting.html.repeat import matrix_command, repeating_command
from eloquence_pipeline.reporting.html.text import Text, milliseconds
from eloquence_pipeline.reporting.html.verdict import headline, tiles
from eloquence_pipeline.reporting.html.words import STATUS_COLOURS, STATUSES

_ALL_GOOD = Text("La voie vocale est saine", "The voice path is healthy")
_SOME_BAD = Text("La voie vocale a un problème", "The voice path has a problem")
_INCOMPLETE = Text("Tout n'a pas pu être mesuré", "Not everything could be measured")


def suite_page(record: SuiteRecord, evidence: Evidence) -> Page:
    """Return the report of several tests; each has a report of its own besides.

    Parameters
    ----------
    record
        Their results, and where their evidence is.
    evidence
        Where the files of the suite itself are.
    """
    heads = {name: _headline(part) for name, part in record.parts.items()}
    first = next((_run_of(part) for part in record.parts.values() if _run_of(part)), None)
    sections = (
        section("tests", Text("Tests", "Tests"), [_overview(record, heads, evidence)]),
        *(_part(name, record.parts[name], head) for name, head in heads.items()),
        section("repeat", Text("Recommencer", "Repeat"), repeat_blocks("\n".join(_commands(record)))),
        section("environment", Text("Environnement (premier test)", "Environment (first test)"), [first]),
        section(
            "evidence",
            Text("Preuves", "Evidence"),
            evidence_blocks(evidence, record.run_id),
        ),
    )
    when = f"{record.started_at:%Y-%m-%d %H:%M} UTC"
    return Page(
        title=f"suite {record.run_id}",
        subtitle=Text.same(f"suite · {when}"),
        headline=_whole(record, heads),
        tiles=tuple(_tile(name, part, heads[name]) for name, part in record.parts.items()),
        sections=tuple(one for one in sections if one is not None),
    )


def _headline(part: SuitePart) -> Headline:
    result = part.result
    if isinstance(result, MatrixResult):
        return matrix_headline(result)
    return reconnection_headline(result) if isinstance(result, ReconnectionResult) else headline(result)


def _run_of(part: SuitePart) -> Table | None:
    result = part.result
    if isinstance(result, MatrixResult):
        return None
    return environment_table(result.run, result.format.method_version)


def _whole(record: SuiteRecord, heads: dict[str, Headline]) -> Headline:
    status = record.status
    sentence = {VerdictStatus.PASSED: _ALL_GOOD, VerdictStatus.FAILED: _SOME_BAD}.get(status, _INCOMPLETE)
    # What a bad test says itself comes first; of a test without problems there is nothing to say.
    found = [
        Problem(Text.same(f"{name} : ") + problem.text, anchor=f"test-{name}", said=problem.said)
        for name, head in heads.items()
        for problem in head.problems
    ]
    not_done = Text(" non réalisé : ", " could not be carried out: ")
    found += [Problem(Text.same(name) + not_done + error) for name, error in record.errors.items()]
    count = len(record.parts) + len(record.errors)
    good = sum(part.status is VerdictStatus.PASSED for part in record.parts.values())
    more = Text(f"{good} tests réussis sur {count}", f"{good} of {count} tests passed")
    blamed = next((head for head in heads.values() if head.blame is not None and head.problems), None)
    return Headline(
        STATUS_COLOURS[status],
        STATUSES[status],
        sentence,
        tuple(found),
        (more,),
        blame=blamed.blame if blamed else None,
        advice=blamed.advice if blamed else None,
    )


def _tile(name: str, part: SuitePart, head: Headline) -> Tile:
    result = part.result
    value, note = "—", Text("", "")
    if isinstance(result, ScenarioResult):
        value = milliseconds(result.latency_stats.avg_ms, 0)
        note = Text("latence moyenne", "average latency")
    elif isinstance(result, MatrixResult):
        value = str(len(result.cells))
        note = Text("réseaux", "networks")
    else:
        value = str(len(result.calls))
        note = Text("appels", "calls")
    return Tile(Text.same(name), value, head.status, head.colour, note)


def _overview(record: SuiteRecord, heads: dict[str, Headline], evidence: Evidence) -> Table:
    rows: list[Row] = []
    for name, head in heads.items():
        part = record.parts[name]
        baseline = None if isinstance(part.result, MatrixResult) else part.result.baseline
        nights: Text | str = baseline_sentence(baseline) if baseline else "—"
        rows.append((name, head.status, head.sentence, _link(part, evidence), nights))
    for name, error in record.errors.items():
        rows.append((name, Text("NON RÉALISÉ", "NOT CARRIED OUT"), error, "—", "—"))
    columns = (
        Text("test", "test"),
        Text("verdict", "verdict"),
        Text("en clair", "in plain words"),
        Text("rapport", "report"),
        Text("nuits précédentes", "nights before"),
    )
    return Table(Text("Chaque test", "Each test"), columns, tuple(rows), words=frozenset(range(5)))


def _link(part: SuitePart, evidence: Evidence) -> Link:
    scenario, run_id = part.place
    return report_link(run_id, scenario, evidence)


def _part(name: str, part: SuitePart, head: Headline) -> Section | None:
    blocks: list[Block | None] = [Paragraph(head.status + Text(" — ", " — ") + head.sentence)]
    lines = [*(problem.text for problem in head.problems), *head.more]
    if lines:
        blocks.append(Listing(tuple(lines)))
    if head.blame is not None:
        told = Text("À cause de : ", "Because of: ") + head.blame
        blocks.append(Paragraph(told if head.advice is None else told + " → " + head.advice))
    if isinstance(part.result, ScenarioResult):
        columns = (
            Text("mesure", "figure"),
            Text("valeur", "value"),
            Text("classe", "class"),
            Text("seuil", "threshold"),
        )
        rows = tuple((tile.name, tile.value, tile.judged, tile.note) for tile in tiles(part.result))
        blocks += [
            Table(Text("Mesures", "Figures"), columns, rows, words=frozenset({0, 2})),
            delay_plot(part.result, f"delay-{name}"),
        ]
    return section(f"test-{name}", Text.same(name), blocks, beside=True)


def _commands(record: SuiteRecord) -> list[str]:
    commands: list[str] = []
    for part in record.parts.values():
        result = part.result
        if isinstance(result, MatrixResult):
            commands.append(matrix_command(result))
        elif isinstance(result, ReconnectionResult):
            commands.append(repeating_command(result.run))
        else:
            commands.append(repeating_command(result.run, result.thresholds))
    return [command for command in commands if command]
