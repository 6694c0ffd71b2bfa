"""A transmission with known truth, written down just as the transport writes one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from eloquence_pipeline.clock import Instant
from eloquence_pipeline.files import write_bytes, write_npz
from eloquence_pipeline.measurement.delay import End, Ends
from eloquence_pipeline.measurement.timeline import Timeline
from eloquence_pipeline.models import (
    Channel,
    Clip,
    Phrase,
    Recording,
    RunInfo,
    ScheduledPhrase,
    SendRecord,
    SpeechScript,
    Transmission,
    Voice,
)
from eloquence_pipeline.signal.wav import write_wav

RATE = 48_000
FRAME = 480
FRAME_NS = 10_000_000
START_NS = 5_000_000_000_000
CLOCK = "monotonic/simulated"
VOICE = Voice(voice="roa/fr", rate_wpm=150, volume=0.9, engine="simulated", engine_version="1")


def babble(seed: int, seconds: float) -> npt.NDArray[np.int16]:
    """Return something like speech, int16 of shape (seconds × RATE,)."""
    generator = np.random.default_rng(seed)
    wide = resample_poly(generator.standard_normal(round(seconds * RATE / 6)), 6, 1)
    envelope = np.abs(np.sin(np.arange(len(wide)) * 2 * np.pi * 3 / RATE)) + 0.1
    return (wide * envelope * 3000).astype(np.int16)


def ends_of(sent: npt.NDArray[Any], received: npt.NDArray[Any]) -> Ends:
    """Return both ends with frames stamped on time; shapes (n,) and (m,), in units of int16."""
    return Ends(_end(sent), _end(received))


def _end(samples: npt.NDArray[Any]) -> End:
    count = len(samples) // FRAME
    stamps_ns = START_NS + np.arange(count, dtype=np.int64) * FRAME_NS
    whole = np.clip(np.rint(samples[: count * FRAME]), -32768, 32767).astype(np.int16)
    return End(whole, Timeline(stamps_ns, FRAME, RATE))


def said(
    clips: Sequence[npt.NDArray[np.int16]], delays_samples: Sequence[int | None], pause_seconds: float = 1.0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[tuple[int, int]]]:
    """Say clips one after the other; return what was sent, what was received, and the place of each clip.

    Each arrives after its own number of samples, or never (None). Both ends have 3.5 s after the last clip.
    """
    places: list[tuple[int, int]] = []
    start = RATE
    for clip in clips:
        places.append((start, len(clip)))
        start += len(clip) + round(pause_seconds * RATE)
    sent, received = np.zeros(start + 7 * RATE // 2), np.zeros(start + 7 * RATE // 2)
    for (start, count), clip, delay in zip(places, clips, delays_samples, strict=True):
        sent[start : start + count] = clip
        if delay is not None:
            received[start + delay : start + delay + count] += clip
    return sent, received, places


@dataclass
class Simulation:
    """Phrases of 1.2 s every 3 s, each delayed by its own number of samples, or lost.

    Attributes
    ----------
    delays_samples
        One a phrase; None loses the phrase.
    said_seconds
        Where the transmission breaks off; None says everything.
    listener_came
        Whether there is a recording at all.
    clip
        What each phrase says, int16 of shape (1.2 × RATE,); None says something else each time.
    noise
        Standard deviation of what is added to the recording, in units of int16.
    """

    delays_samples: list[int | None]
    noise: float = 5.0
    same_phrase: bool = False
    clip: npt.NDArray[np.int16] | None = None
    received_clock: str = CLOCK
    failure: str = ""
    said_seconds: float | None = None
    listener_came: bool = True
    statistics: list[dict[str, object]] = field(default_factory=lambda: [])

    def write(self, folder: Path) -> Transmission:
        """Write all files into `folder` and describe them."""
        script = self._script(folder)
        sent = np.zeros(script.sample_count, dtype=np.int16)
        received = np.random.default_rng(99).standard_normal(script.sample_count + RATE) * self.noise
        for scheduled, delay in zip(script.phrases, self.delays_samples, strict=True):
            clip = self.clip
            if clip is None:
                clip = babble(1 if self.same_phrase else scheduled.index, 1.2)
            sent[scheduled.start_sample : scheduled.end_sample] = clip
            if delay is not None:
                received[scheduled.start_sample + delay : scheduled.end_sample + delay] += clip
        if self.said_seconds is not None:
            sent = sent[: round(self.said_seconds * RATE)]
        recorded = np.clip(np.rint(received), -32768, 32767).astype(np.int16)
        deadline_ns = START_NS + np.arange(len(sent) // FRAME, dtype=np.int64) * FRAME_NS
        arrived_ns = START_NS + np.arange(len(recorded) // FRAME, dtype=np.int64) * FRAME_NS
        started = Instant(wall=datetime(2026, 11, 22, tzinfo=UTC), monotonic_ns=START_NS, clock_id=CLOCK)
        statistics = "".join(json.dumps(row) + "\n" for row in self.statistics).encode()
        channel = Channel(
            speaker="speaker",
            script=script,
            sent=SendRecord(
                identity="speaker",
                clock_id=CLOCK,
                frame_count=len(deadline_ns),
                audio=write_wav(folder / "sent.wav", sent, RATE),
                timings=write_npz(
                    folder / "sent_timings.npz", deadline_ns=deadline_ns, handed_over_ns=deadline_ns + 100_000
                ),
                started=started,
                sample_rate_hz=RATE,
                frame_samples=FRAME,
                connect_ms=100.0,
                statistics=write_bytes(folder / "statistics.jsonl", statistics),
            ),
            received=None
            if not self.listener_came
            else Recording(
                identity="listener",
                clock_id=self.received_clock,
                frame_count=len(arrived_ns),
                audio=write_wav(folder / "received.wav", recorded, RATE),
                timings=write_npz(
                    folder / "received_timings.npz",
                    arrived_ns=arrived_ns,
                    loop_lag_ns=np.full(100, 300_000, dtype=np.int64),
                ),
                started=started,
                sample_rate_hz=RATE,
                frame_samples=FRAME,
                connect_ms=100.0,
                statistics=write_bytes(folder / "statistics.jsonl", statistics),
            ),
        )
        return Transmission(room="room", channels=(channel,), failure=self.failure)

    def _script(self, folder: Path) -> SpeechScript:
        phrases = tuple(
            ScheduledPhrase(
                index=index + 1,
                clip=Clip(
                    phrase=Phrase(text=f"phrase {index + 1}", category="greetings"),
                    voice=VOICE,
                    audio_path=folder / "unused.wav",
                    audio_sha256="0" * 64,
                    sample_rate_hz=RATE,
                    sample_count=round(1.2 * RATE),
                    generation_ms=10.0,
                    from_cache=False,
                ),
                start_sample=RATE + index * 3 * RATE,
                sample_count=round(1.2 * RATE),
            )
            for index in range(len(self.delays_samples))
        )
        return SpeechScript(
            seed=1, sample_rate_hz=RATE, sample_count=(2 + 3 * len(phrases)) * RATE, phrases=phrases
        )


def run_info() -> RunInfo:
    """Return what identifies the simulated run."""
    return RunInfo(
        run_id="20261122T000000Z-abcdef",
        scenario="basic",
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        target="embedded",
        livekit_url="ws://127.0.0.1:7880",
        room="room",
        seed=1,
        parameters={"duration_seconds": 30},
        clock_id=CLOCK,
        versions={"python": "3"},
    )
