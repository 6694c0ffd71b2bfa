"""The phrases as CSV, one a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from eloquence_pipeline.models import PhraseObservation, ScenarioOutcome, ScenarioResult, Score

_OF_RUN = ("test", "run_id", "target")
_OF_PHRASE = (
    "index",
    "speaker",
    "category",
    "text",
    "received",
    "sent_at",
    "received_at",
    "position_in_sent_seconds",
    "position_in_received_seconds",
    "duration_seconds",
    "generation_ms",
    "send_ms",
    "one_way_delay_ms",
    "uncertainty_ms",
    "jitter_buffer_ms",
    "end_to_end_ms",
    "received_ratio",
    "confidence",
)
_OF_QUALITY = ("mos_lqo", "stoi", "level_difference_db", "dropout_ms")


def phrases_csv(outcomes: Iterable[ScenarioOutcome]) -> str:
    """Return every phrase of one or several tests as CSV (RFC 4180), with a header.

    A figure that there is not is an empty field.

    Parameters
    ----------
    outcomes
        In the order in which they ran.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow((*_OF_RUN, *_OF_PHRASE, *_OF_QUALITY))
    for outcome in outcomes:
        for phrase in outcome.result.phrases:
            writer.writerow(_row(outcome.result, phrase))
    return text.getvalue()


def _row(result: ScenarioResult, phrase: PhraseObservation) -> list[object]:
    run = result.run
    values = phrase.model_dump(mode="json", include=set(_OF_PHRASE))
    scored = {each.index: each for each in result.quality.phrases} if result.quality else {}
    quality = scored.get(phrase.index)
    figures = [getattr(quality, name) if quality else None for name in _OF_QUALITY]
    scores = [figure.value if isinstance(figure, Score) else figure for figure in figures]
    return [run.scenario, run.run_id, run.target, *(values[name] for name in _OF_PHRASE), *scores]
