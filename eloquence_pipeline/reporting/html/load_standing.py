"""How each of many sessions did."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from eloquence_pipeline.models import FigureVerdict
from eloquence_pipeline.models.load import LoadResult, SessionFigures
from eloquence_pipeline.reporting.html.text import Text


class Standing(StrEnum):
    """What can be said of a session that was measured."""

    GOOD = "good"
    BAD = "bad"
    SILENT = "silent"
    """No phrase was said to its end."""
    INVALID = "invalid"
    """Its tester did not keep its pace."""


STANDINGS = {
    Standing.GOOD: Text("bonne", "good"),
    Standing.BAD: Text("mauvaise", "bad"),
    Standing.SILENT: Text("aucune phrase dite", "no phrase said"),
    Standing.INVALID: Text("non valide", "invalid"),
}


def standing_of(session: SessionFigures, figures: Sequence[FigureVerdict]) -> Standing:
    """Return how a session did by the same thresholds as the whole.

    Parameters
    ----------
    session
        One that was measured.
    figures
        Of the verdict over all: each holds its threshold.
    """
    if not session.is_valid:
        return Standing.INVALID
    if session.failure or any(_misses(session, figure) for figure in figures):
        return Standing.BAD
    return Standing.GOOD if session.figures.packets_sent else Standing.SILENT


def _misses(session: SessionFigures, figure: FigureVerdict) -> bool:
    own = session.figures
    value = {
        "latency_avg_ms": own.end_to_end_ms.avg,
        "latency_max_ms": own.end_to_end_ms.max,
        "phrase_loss_ratio": own.packet_loss_rate,
        "rtp_packet_loss_ratio": own.rtp.packet_loss_ratio,
    }.get(figure.figure)
    return value is not None and value > figure.threshold


def standings(result: LoadResult) -> dict[Standing, int]:
    """Return how many of the sessions that were measured did so."""
    found = [standing_of(one, result.verdict.figures) for one in result.sessions]
    return {standing: found.count(standing) for standing in Standing}
