"""Where and how a run was measured, how to repeat it, and where its files are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from eloquence_pipeline.models import PacingFigures, RunInfo, ScenarioResult
from eloquence_pipeline.reporting.html.blocks import Block, Command, Link, Links, Paragraph, Row, Table
from eloquence_pipeline.reporting.html.text import Text, milliseconds

_MOST_LETTERS = 400
_MOST_FILES = 100
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True)
class EvidenceFile:
    """A file of the run, beside the report.

    Attributes
    ----------
    name
        Within the run.
    byte_count
        Its size.
    """

    name: str
    byte_count: int


@dataclass(frozen=True)
class Evidence:
    """Where the files of a run are.

    Attributes
    ----------
    prefix
        Below the results folder, and below the prefix of the store.
    files
        What lies there.
    replayable
        Whether enough was kept to analyse it again.
    beside
        Whether the report lies in the same folder, so that links open the files.
    """

    prefix: str = ""
    replayable: bool = False
    files: tuple[EvidenceFile, ...] = ()
    beside: bool = True


_TO_THE_RESULTS = "../../../../"
"""From the folder of a run: runs, date, test, run."""
_REPORT = "report.html"


def report_link(run_id: str, scenario: str, evidence: Evidence) -> Link:
    """Return what opens the report of another run, from a report that lies in its own folder."""
    if not _RUN_ID.fullmatch(run_id) or not evidence.beside:
        return Link(run_id)
    day = f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"
    return Link(run_id, f"{_TO_THE_RESULTS}runs/{day}/{scenario}/{run_id}/{_REPORT}")


def run_in(place: str) -> str:
    """Return the id of the run that a folder, a key prefix or an address is of; "—" where it is of none."""
    found = _RUN_ID.findall(place)
    return found[-1] if found else "—"


def environment_table(run: RunInfo, method_version: int, clock_rows: Sequence[Row] = ()) -> Table:
    """Return what a run was measured with: versions, host, clock."""
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    host = ", ".join(run.host.values())
    rows: list[Row] = [
        (Text("essai", "run"), run.run_id),
        (Text("commencé", "started"), f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        (Text("cible", "target"), run.target),
        (Text("salle", "room"), run.room or "—"),
        (Text("graine", "seed"), str(run.seed)),
        (Text("méthode de mesure, version", "measuring method, version"), str(method_version)),
        (Text("machine", "host"), host or "—"),
        (Text("versions", "versions"), versions or "—"),
        (Text("horloge", "clock"), run.clock_id),
        *clock_rows,
    ]
    columns = (Text("quoi", "what"), Text("valeur", "value"))
    title = Text("Mesuré avec", "Measured with")
    return Table(title, columns, tuple(rows), words=frozenset({0, 1}))


def clock_rows(result: ScenarioResult) -> list[Row]:
    """Return how good the times are that everything was computed from."""
    rows = tester_rows(result.tester)
    uncertainties = [one.uncertainty_ms for one in result.phrases if one.uncertainty_ms is not None]
    if uncertainties:
        name = Text("incertitude du délai d'une phrase (médiane)", "uncertainty of a phrase's delay (median)")
        rows.append((name, f"± {milliseconds(median(uncertainties), 2)}"))
    if result.budget.network is not None:
        name = Text(
            "incertitude entre les deux horloges du réseau", "uncertainty between the network's two clocks"
        )
        rows.append((name, f"± {milliseconds(result.budget.network.uncertainty_ms, 2)}"))
    return rows


def tester_rows(tester: PacingFigures) -> list[Row]:
    """Return whether the tester kept its own pace."""
    return [
        (
            Text("retard d'émission, p99 et maximum", "sent late, p99 and most"),
            f"{milliseconds(tester.pacing_lateness_p99_ms)}, {milliseconds(tester.pacing_lateness_max_ms)}",
        ),
        (Text("trames omises", "frames left out"), str(tester.frames_skipped)),
        (Text("retard de boucle, p99", "event loop late, p99"), milliseconds(tester.event_loop_lag_p99_ms)),
        (Text("gigue d'arrivée, p99", "arrival jitter, p99"), milliseconds(tester.arrival_jitter_p99_ms)),
    ]


def repeat_blocks(command: str) -> list[Block]:
    """Return the command that repeats a run."""
    if not command:
        return []
    told = Text("Dire la même chose au même serveur :", "Say the same to the same server:")
    return [Paragraph(told), Command(tuple(command.splitlines()))]


def evidence_blocks(evidence: Evidence, run_id: str) -> list[Block]:
    """Return where the files are and what can be done with them."""
    blocks: list[Block] = []
    shown = _shown_files(evidence.files)
    if shown:
        links = tuple(
            Link(file.name, file.name if evidence.beside else "", Text.same(size_text(file.byte_count)))
            for file in shown
        )
        blocks.append(Links(links))
    if left := len(evidence.files) - len(shown):
        more = Text(
            f"et {left} autres, que le manifest.json nomme", f"and {left} more, which the manifest.json names"
        )
        blocks.append(Paragraph(more, "note"))
    if evidence.prefix:
        told = Text(
            f"Dans le dossier des résultats et dans le stockage, sous {evidence.prefix}",
            f"In the results folder and in the store, below {evidence.prefix}",
        )
        blocks.append(Paragraph(told, "note"))
    lines = [f"eloquence open {run_id}"] + ([f"eloquence replay {run_id}"] if evidence.replayable else [])
    return [*blocks, Command(tuple(lines))] if run_id else blocks


def _shown_files(files: Sequence[EvidenceFile]) -> Sequence[EvidenceFile]:
    """Return files to be listed: of very many those of the whole run, and the first ones of its parts."""
    if len(files) <= _MOST_FILES:
        return files
    return sorted(files, key=lambda file: ("/" in file.name, file.name))[:_MOST_FILES]


def size_text(byte_count: int) -> str:
    """Return a size for people."""
    if byte_count < 1_000_000:  # noqa: PLR2004 - a megabyte
        return f"{max(1, round(byte_count / 1000))} kB"
    return f"{byte_count / 1e6:.1f} MB"


def details_table(result: ScenarioResult) -> Table | None:
    """Return what a test of the user's own returned; None where it returned nothing."""
    if not result.details:
        return None
    rows = tuple((name, _one_line(value)) for name, value in result.details.items())
    columns = (Text("nom", "name"), Text("valeur", "value"))
    title = Text("Ce que le test a rendu", "What the test returned")
    return Table(title, columns, rows, words=frozenset({0, 1}))


def _one_line(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
