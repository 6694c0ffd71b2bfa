"""Phrases, speakers and testers with figures of known truth, for tests that look at a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import (
    LossLevel,
    LossLevels,
    PacingFigures,
    PhraseObservation,
    RtpFigures,
    SpeakerFigures,
)

START = datetime(2026, 11, 23, tzinfo=UTC)

_NONE = LossLevel(lost=0, total=0, ratio=None, low=None, high=None)
NO_LOSS = LossLevels(phrases=_NONE, rtp=_NONE, concealed=_NONE, audio=_NONE, audio_undecided_samples=0)


def pacing(p99_ms: float = 0.5, max_ms: float = 2.0, *, overloaded: bool = False) -> PacingFigures:
    """Return how well a tester kept its pace."""
    return PacingFigures(
        pacing_lateness_p99_ms=p99_ms,
        pacing_lateness_max_ms=max_ms,
        event_loop_lag_p99_ms=0.5,
        arrival_jitter_p99_ms=1.0,
        frames_skipped=0,
        overloaded=overloaded,
    )


def phrase(index: int, delay_ms: float | None, at_seconds: float = 1.0, **changes: Any) -> PhraseObservation:
    """Return what was observed of a phrase; without a delay it was not received."""
    values: dict[str, Any] = {
        "index": index,
        "speaker": "speaker",
        "text": "bonjour",
        "category": "greetings",
        "received": delay_ms is not None,
        "sent_at": START,
        "position_in_sent_seconds": at_seconds,
        "sample_count": 48_000,
        "duration_seconds": 1.0,
        "generation_ms": 10.0,
        "clip_from_cache": False,
        "send_ms": 0.1,
        "one_way_delay_ms": delay_ms,
        "end_to_end_ms": None if delay_ms is None else delay_ms + 10.0,
        "correlation_peak": 0.9,
        "peak_to_sidelobe_ratio": 3.0,
    }
    return PhraseObservation(**{**values, **changes})


def speaker_figures(
    speaker: str, phrases: Sequence[PhraseObservation], rtp: RtpFigures, tester: PacingFigures | None = None
) -> SpeakerFigures:
    """Return the figures of a speaker who said these phrases."""
    received = sum(one.received for one in phrases)
    return SpeakerFigures(
        speaker=speaker,
        packets_sent=len(phrases),
        packets_received=received,
        packet_loss_rate=1 - received / len(phrases) if phrases else 0.0,
        end_to_end_ms=summarise(one.end_to_end_ms for one in phrases),
        one_way_delay_ms=summarise(one.one_way_delay_ms for one in phrases),
        rtp=rtp,
        loss=NO_LOSS,
        tester=tester or pacing(),
    )
