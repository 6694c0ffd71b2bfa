"""How long the scores of quality take: for a second of speech, for a process to start, for a run.

``python -m benchmarks.quality_speed`` prints the figures; it needs nothing but the package. Noise with the
envelope of speech stands for speech: the models do the same work for it.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.measurement import perceptual
from eloquence_pipeline.measurement.quality import phrase_quality
from eloquence_pipeline.measurement.quality_worker import ScoringJob
from eloquence_pipeline.measurement.scoring import score_phrases
from eloquence_pipeline.signal.wav import write_wav

RATE_HZ = 48_000
PHRASE_SECONDS = (1.0, 2.6, 5.0, 10.0)
REPETITIONS = 3
RUN_PHRASES, RUN_PHRASE_SECONDS = 6, 2.6

Int16Array = npt.NDArray[np.int16]


def main() -> None:
    """Measure and print."""
    print("| Phrase | ViSQOL | STOI | PESQ | waveform | together, for a second of speech |")
    print("|---|---|---|---|---|---|")
    for seconds in PHRASE_SECONDS:
        print(_row(seconds))
    for workers in (1, 2):
        first, total = _run_seconds(workers)
        print(
            f"\n{RUN_PHRASES} phrases of {RUN_PHRASE_SECONDS} s in {workers} processes: {total:.1f} s, "
            f"{total / (RUN_PHRASES * RUN_PHRASE_SECONDS):.2f} s for a second of speech; "
            f"start of a process until its first, short answer: {first:.1f} s"
        )


def _row(seconds: float) -> str:
    sent, received = _pair(seconds)
    visqol = _median_seconds(lambda: perceptual.visqol(sent, received, RATE_HZ))
    stoi = _median_seconds(lambda: perceptual.stoi(sent, received, RATE_HZ))
    pesq = (
        _median_seconds(lambda: perceptual.pesq(sent, received, RATE_HZ))
        if perceptual.is_installed("pesq")
        else 0.0
    )
    waveform = _median_seconds(
        lambda: phrase_quality(sent, received, RATE_HZ, index=1, speaker="speaker", with_models=False)
    )
    together = (visqol + stoi + pesq + waveform) / seconds
    shown = f"{pesq * 1000:.0f} ms" if pesq else "—"
    return (
        f"| {seconds} s | {visqol * 1000:.0f} ms | {stoi * 1000:.0f} ms | {shown} | {waveform * 1000:.0f} ms "
        f"| {together:.2f} s |"
    )


def _median_seconds(action: Callable[[], object]) -> float:
    action()  # the first call imports the package and loads the model
    taken: list[float] = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _run_seconds(workers: int) -> tuple[float, float]:
    """Return how long the first answer to an easy job takes, and a run of several phrases."""
    with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
        job = _job(Path(folder))
        easy = job.model_copy(update={"with_models": False})
        first = _seconds_of([easy], 1)
        return first, _seconds_of(
            [job.model_copy(update={"index": 1 + n}) for n in range(RUN_PHRASES)], workers
        )


def _seconds_of(jobs: list[ScoringJob], workers: int) -> float:
    began = time.perf_counter()
    answers = asyncio.run(score_phrases(jobs, workers, lambda _done, _total: None))
    taken = time.perf_counter() - began
    failures = [answer.failures for answer in answers if answer.failures]
    if failures:
        raise SystemExit(f"scoring failed: {failures[0]}")
    return taken


def _job(folder: Path) -> ScoringJob:
    sent, received = _pair(RUN_PHRASE_SECONDS)
    write_wav(folder / "sent.wav", sent, RATE_HZ)
    write_wav(folder / "received.wav", received, RATE_HZ)
    return ScoringJob(
        index=1,
        speaker="speaker",
        sent=folder / "sent.wav",
        received=folder / "received.wav",
        sent_sample=0,
        received_sample=0.0,
        sample_count=len(sent),
        sample_rate_hz=RATE_HZ,
        with_models=True,
    )


def _pair(seconds: float) -> tuple[Int16Array, Int16Array]:
    generator = np.random.default_rng(1)
    count = round(seconds * RATE_HZ)
    smooth = np.convolve(generator.standard_normal(count), np.ones(6) / 6, mode="same")
    speech = smooth * (np.abs(np.sin(np.arange(count) * 2 * np.pi * 3 / RATE_HZ)) + 0.1) * 5000
    noise = generator.standard_normal(count) * 100
    return speech.astype(np.int16), (speech + noise).astype(np.int16)


if __name__ == "__main__":
    main()
