"""How long the measurement of one minute of a call takes: delay and loss, on one core.

Synthesises a call of 60 s as ``eloquence --test basic`` speaks it, damages what was received as a network
would, and takes the processor time of `find_phrases` and `hear`. The target is 0.6 s. Run it with
``python -m benchmarks.analysis_speed``.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# Set before NumPy is loaded: its linear algebra would take a second core, and no time off.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.measurement.delay import End, Ends, find_phrases
from eloquence_pipeline.measurement.gaps import hear
from eloquence_pipeline.measurement.timeline import Timeline
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.script import draw_phrases, lay_out, render
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

SECONDS = 60
RATE = 48_000
FRAME = 480
PACKET = 960
DELAY_SAMPLES = 2_400
MISSING = 0.3
REPETITIONS = 7
SEED = 7

Samples = npt.NDArray[np.float64]


def analysis_seconds(ends: Ends, places: list[tuple[int, int]]) -> tuple[float, int]:
    """Return the median time of delay and loss of all phrases, and how many phrases were received."""
    timings: list[float] = []
    received = 0
    for _ in range(REPETITIONS):
        fresh = Ends(ends.sent, ends.received)
        began = time.process_time()
        arrivals = find_phrases(fresh, places)
        for arrival in arrivals:
            hear(fresh.audio, arrival.span, arrival.course)
        timings.append(time.process_time() - began)
        received = sum(arrival.received for arrival in arrivals)
    return statistics.median(timings), received


@dataclass(frozen=True)
class Speed:
    """How long a call took, and how many of its phrases were received."""

    seconds: float
    received: int
    said: int


def measured() -> dict[str, Speed]:
    """Measure calls that arrived in several ways, on one core.

    Returns
    -------
    dict
        By what was done to the call.
    """
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set[int]()
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        sent, places = _call()
        return {
            name: Speed(*analysis_seconds(Ends(_end(sent), _end(samples)), places), len(places))
            for name, samples in _arrivals(sent).items()
        }
    finally:
        if cores:
            os.sched_setaffinity(0, cores)


def main() -> None:
    """Measure and print."""
    print(f"delay and loss of {SECONDS} s of a call, one core, median of {REPETITIONS}:")
    for name, speed in measured().items():
        print(f"  {name:<38} {speed.seconds:.2f} s, {speed.received} of {speed.said} received")


def _arrivals(sent: Samples) -> dict[str, Samples]:
    received = np.concatenate((np.zeros(DELAY_SAMPLES), sent, np.zeros(RATE)))
    generator = np.random.default_rng(SEED)
    kept = (generator.random(len(received) // PACKET + 1) >= MISSING).repeat(PACKET)[: len(received)]
    return {
        "as it was sent": received,
        "30 % of the packets missing": received * kept,
        "noise at 0 dB": received + generator.standard_normal(len(received)) * sent[sent != 0].std(),
        "20 ms more delay from the middle on": np.concatenate(
            (received[: 30 * RATE], np.zeros(PACKET), received[30 * RATE :])
        ),
        "nothing received": np.zeros(len(received)),
    }


def _call() -> tuple[Samples, list[tuple[int, int]]]:
    with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
        synthesizer = VoiceSynthesizer(Path(folder))
        phrases = draw_phrases(load_catalogue().phrases("greetings", "coaching"), SEED, SECONDS // 4)
        clips = [synthesizer.synthesise(phrase) for phrase in phrases]
        assert read_wav(clips[0].audio_path)[1] == RATE
        script = lay_out(clips, SEED, 2.0, 4.0, SECONDS)
        places = [(phrase.start_sample, phrase.sample_count) for phrase in script.phrases]
        return render(script).astype(np.float64), places


def _end(samples: Samples) -> End:
    count = len(samples) // FRAME
    stamps_ns = 10**12 + np.arange(count, dtype=np.int64) * (FRAME * 10**9 // RATE)
    return End(
        samples[: count * FRAME].clip(-32768, 32767).astype(np.int16), Timeline(stamps_ns, FRAME, RATE)
    )


if __name__ == "__main__":
    main()
