"""Disturbed calls as people read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from eloquence_pipeline.measurement.reconnection import summaries
from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    DisturbanceKind,
    DisturbedCall,
    DisturbedSide,
    ReconnectionFigures,
    ReconnectionFormat,
    ReconnectionResult,
    ReconnectionVerdict,
    Recovery,
    VerdictStatus,
)
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.markdown import Links
from eloquence_pipeline.reporting.reconnection import (
    call_sentence,
    print_reconnection,
    reconnection_markdown,
    reconnection_rows,
    reconnection_table,
)
from tests import disturbed
from tests.simulated import run_info

pytestmark = pytest.mark.unit

_REJOINED = disturbed.call(DisturbanceKind.PARTICIPANT_REMOVED, Recovery.REJOINED).figures
assert _REJOINED is not None
FIGURES = _REJOINED.model_copy(update={"sdk_recovery_ms": None, "audible_gap_ms": 521, "phrases_lost": 1})
ARCHIVE = Archive(state=ArchiveState.UPLOADED, folder=Path("/results/x"), uri="s3://bucket/x/")


def call(kind: DisturbanceKind, figures: ReconnectionFigures, number: int = 1) -> DisturbedCall:
    return disturbed.call(kind, number=number).model_copy(update={"figures": figures})


@pytest.fixture
def result() -> ReconnectionResult:
    kind = DisturbanceKind.PARTICIPANT_REMOVED
    lost = FIGURES.model_copy(update={"recovery": Recovery.NONE, "audible_gap_ms": None, "rejoin_ms": None})
    slower = FIGURES.model_copy(update={"audible_gap_ms": 621})
    calls = (
        call(kind, FIGURES),
        call(kind, slower, 2),
        call(kind, lost, 3),
        disturbed.call_not_tried(),
    )
    return ReconnectionResult(
        format=ReconnectionFormat(method_version=3),
        run=run_info().model_copy(update={"scenario": "reconnect", "started_at": datetime.now(UTC)}),
        verdict=ReconnectionVerdict(
            status=VerdictStatus.FAILED,
            reasons=("participant_removed (speaker) #3: the call did not come back",),
        ),
        limits={},
        summaries=summaries(calls),
        calls=calls,
    )


def test_a_call_is_told_in_one_line() -> None:
    told = call_sentence(call(DisturbanceKind.PARTICIPANT_REMOVED, FIGURES))
    assert told == (
        "participant_removed (locuteur) : revenu en rejoignant la salle · coupure audible 521 ms ± 24 · "
        "SDK — · retour en 388 ms, 1 essai(s) · délai 45 ms → 55 ms · phrases perdues 1, coupées 1"
    )


def test_the_table_has_a_row_a_disturbance_with_the_spread(result: ReconnectionResult) -> None:
    text = StringIO()
    print_reconnection(Console(file=text, width=120, color_system=None), result, ARCHIVE)
    told = text.getvalue()
    assert "571" in told
    assert "521 à 621" in told
    assert "2 rejoint " in told
    assert "1 NON " in told
    assert "server_restart (les deux) non essayée : only a server" in told
    assert "🔴 reconnect ÉCHOUÉ" in told
    assert "s3://bucket/x/" in told


def test_the_table_fits_a_terminal(result: ReconnectionResult) -> None:
    text = StringIO()
    Console(file=text, width=80, color_system=None).print(reconnection_table(result))
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:1] == ["participant_removed"] for line in lines), lines


def test_the_ui_gets_rows_of_six_columns_and_markdown(result: ReconnectionResult) -> None:
    rows = reconnection_rows(result)
    assert [len(row) for row in rows] == [6, 6]
    assert rows[1]["Revenu"] == "—"
    told = reconnection_markdown(result, ARCHIVE, Links(addresses={"results.json": "http://here/x"}))
    assert "| participant\\_removed | locuteur | 2 rejoint, 1 NON |" in told
    assert "[results.json](http://here/x)" in told


def test_machines_get_one_object(result: ReconnectionResult) -> None:
    text = StringIO()
    print_reconnection(JsonConsole(text), result, ARCHIVE)
    (line,) = text.getvalue().splitlines()
    assert json.loads(line)["content"]["status"] == "failed"


def test_the_result_can_be_read_back(result: ReconnectionResult) -> None:
    assert ReconnectionResult.model_validate_json(result.to_json()) == result
    assert DisturbedSide.BOTH in {summary.side for summary in result.summaries}
