"""A process that scores phrases: one job a line on standard input, its answer on standard output.

It ends with its input, so it cannot outlive the one who asks, however that ends, and it imports nothing of
the flow: ``python -m eloquence_pipeline.measurement.quality_worker``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import NonNegativeInt, PositiveInt

from eloquence_pipeline.measurement.quality import SEARCH_SECONDS, aligned, phrase_quality
from eloquence_pipeline.models import PhraseQuality, Record
from eloquence_pipeline.signal.wav import read_stretch

_NICENESS = 10
"""Another run on this machine may be sending audio, which cannot wait."""


class ScoringJob(Record):
    """One phrase to be scored, and where its sound is."""

    index: PositiveInt
    speaker: str
    sent: Path
    received: Path
    sent_sample: NonNegativeInt
    received_sample: float
    sample_count: PositiveInt
    sample_rate_hz: PositiveInt
    with_models: bool

    @property
    def duration_seconds(self) -> float:
        """Length of the phrase."""
        return self.sample_count / self.sample_rate_hz


def score(job: ScoringJob) -> PhraseQuality:
    """Score one phrase; what goes wrong stands in the answer."""
    try:
        reference = read_stretch(job.sent, job.sent_sample, job.sample_count)
        return phrase_quality(
            reference,
            aligned(reference, _received(job), job.sample_rate_hz),
            job.sample_rate_hz,
            index=job.index,
            speaker=job.speaker,
            with_models=job.with_models,
        )
    except Exception as error:  # one phrase that cannot be read does not lose the others
        return failed(job, f"{type(error).__name__}: {error}")


def failed(job: ScoringJob, reason: str) -> PhraseQuality:
    """Return the quality of a phrase that could not be scored at all."""
    names = ("mos_lqo", "stoi") if job.with_models else ("level_difference_db",)
    return PhraseQuality(index=job.index, speaker=job.speaker, failures=dict.fromkeys(names, reason))


def _received(job: ScoringJob) -> npt.NDArray[np.int16]:
    margin = round(SEARCH_SECONDS * job.sample_rate_hz)
    return read_stretch(
        job.received, round(job.received_sample) - margin, job.sample_count + 2 * margin, pad=True
    )


def main() -> None:
    """Answer until the input ends."""
    os.nice(_NICENESS)
    # What the native libraries print belongs elsewhere than among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(score(ScoringJob.model_validate_json(line)).model_dump_json() + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
