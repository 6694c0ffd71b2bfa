"""How much memory the analysis of a long call takes: peak of a process of its own.

Writes a synthetic call, phrases of noise with the envelope of speech every five seconds, its statistics as
long as real ones, and analyses it. Run it with ``python -m benchmarks.analysis_memory [MINUTES…]``; an hour
of a call takes some 0.8 GB in the temporary folder.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import Instant
from eloquence_pipeline.files import file_reference, write_bytes, write_npz
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import (
    Channel,
    Clip,
    FileReference,
    Phrase,
    Recording,
    RunInfo,
    ScheduledPhrase,
    SendRecord,
    SpeechScript,
    Transmission,
    Voice,
)
from eloquence_pipeline.settings import ThresholdSettings

RATE, FRAME = 48_000, 480
EVERY_SECONDS, PHRASE_SECONDS, DELAY_SAMPLES = 5, 2.5, 2_400
CLIPS = 40
START_NS = 10**13
MINUTES = (10, 60)

Int16Array = npt.NDArray[np.int16]


def main() -> None:
    """Analyse calls of several lengths, each in a process of its own, and print."""
    if sys.argv[1:2] == ["--analyse"]:
        _analyse(Path(sys.argv[2]))
        return
    for minutes in [int(argument) for argument in sys.argv[1:]] or MINUTES:
        with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
            _write(Path(folder), minutes * 60)
            subprocess.run(
                [sys.executable, "-m", "benchmarks.analysis_memory", "--analyse", folder], check=True
            )


def _analyse(folder: Path) -> None:
    transmission = Transmission.model_validate_json((folder / "transmission.json").read_bytes())
    info = RunInfo(
        run_id="bench",
        scenario="stability",
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        target="",
        livekit_url="",
        room="",
        seed=1,
        parameters={},
        clock_id="bench",
        versions={},
    )
    before = _peak_megabytes()
    began = time.process_time()
    result = analyse(transmission, folder, info, (), ThresholdSettings())
    received = f"{result.packets_received} of {result.packets_sent} phrases"
    print(
        f"{result.duration_seconds / 60:.0f} min, {received}: "
        f"peak {_peak_megabytes():.0f} MB ({before:.0f} MB before the analysis), "
        f"{time.process_time() - began:.0f} s of processor time"
    )


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _write(folder: Path, seconds: int) -> None:
    clips = [_clip(seed) for seed in range(CLIPS)]
    script = _script(folder, seconds)
    sent = _wav(folder / "sent.wav", clips, seconds, 0)
    received = _wav(folder / "received.wav", clips, seconds, DELAY_SAMPLES)
    frames = seconds * RATE // FRAME
    stamps_ns = START_NS + np.arange(frames, dtype=np.int64) * (FRAME * 10**9 // RATE)
    common: dict[str, Any] = {
        "clock_id": "bench",
        "started": Instant(wall=datetime(2026, 11, 22, tzinfo=UTC), monotonic_ns=START_NS, clock_id="bench"),
        "sample_rate_hz": RATE,
        "frame_samples": FRAME,
        "frame_count": frames,
        "connect_ms": 1.0,
    }
    channel = Channel(
        speaker="speaker",
        script=script,
        sent=SendRecord(
            identity="speaker",
            audio=sent,
            timings=write_npz(folder / "sent.npz", deadline_ns=stamps_ns, handed_over_ns=stamps_ns + 1000),
            statistics=_statistics(folder / "publisher.jsonl", seconds, "outbound-rtp"),
            **common,
        ),
        received=Recording(
            identity="listener",
            audio=received,
            timings=write_npz(folder / "received.npz", arrived_ns=stamps_ns, loop_lag_ns=stamps_ns[:100] % 7),
            statistics=_statistics(folder / "subscriber.jsonl", seconds, "inbound-rtp"),
            **common,
        ),
    )
    transmission = Transmission(room="bench", channels=(channel,))
    write_bytes(folder / "transmission.json", transmission.model_dump_json().encode())


def _clip(seed: int) -> Int16Array:
    generator = np.random.default_rng(seed)
    count = round(PHRASE_SECONDS * RATE)
    smooth = np.convolve(generator.standard_normal(count), np.ones(12) / 3, mode="same")
    envelope = np.abs(np.sin(np.arange(count) * 2 * np.pi * 3 / RATE)) + 0.1
    return (smooth * envelope * 3000).astype(np.int16)


def _script(folder: Path, seconds: int) -> SpeechScript:
    voice = Voice(voice="bench", rate_wpm=150, volume=1, engine="bench", engine_version="1")
    phrases = tuple(
        ScheduledPhrase(
            index=number + 1,
            clip=Clip(
                phrase=Phrase(text=f"phrase {number % CLIPS}", category="bench"),
                voice=voice,
                audio_path=folder / "none.wav",
                audio_sha256="0" * 64,
                sample_rate_hz=RATE,
                sample_count=round(PHRASE_SECONDS * RATE),
                generation_ms=10,
                from_cache=False,
            ),
            start_sample=(1 + number * EVERY_SECONDS) * RATE,
            sample_count=round(PHRASE_SECONDS * RATE),
        )
        for number in range(seconds // EVERY_SECONDS - 1)
    )
    return SpeechScript(seed=1, sample_rate_hz=RATE, sample_count=seconds * RATE, phrases=phrases)


def _wav(path: Path, clips: list[Int16Array], seconds: int, delay: int) -> FileReference:
    generator = np.random.default_rng(7)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for number in range(seconds // EVERY_SECONDS):
            piece = generator.integers(-5, 6, EVERY_SECONDS * RATE, dtype=np.int16)
            if number < seconds // EVERY_SECONDS - 1:
                clip = clips[number % CLIPS]
                piece[RATE + delay : RATE + delay + len(clip)] += clip
            file.writeframes(piece.tobytes())
    return file_reference(path)


def _statistics(path: Path, seconds: int, kind: str) -> FileReference:
    with path.open("w") as file:
        file.writelines(_rows(seconds, kind))
    return file_reference(path)


def _rows(seconds: int, kind: str) -> Iterator[str]:
    # As many entries and names as the SDK gives, most of which nobody measures.
    ballast = {f"figureThatNobodyAsksFor{number}": float(number) for number in range(40)}
    others = [{"type": "local-candidate", "id": str(number)} | ballast for number in range(4)]
    for step in range(2 * seconds):
        packets, samples = 25 * step, 24_000 * step
        stream = {
            "type": kind,
            "kind": "audio",
            "ssrc": 1,
            "packetsSent": packets,
            "bytesSent": 80 * packets,
            "packetsReceived": packets,
            "packetsLost": 0,
            "bytesReceived": 80 * packets,
            "jitter": 0.001,
            "jitterBufferDelay": samples * 0.03,
            "jitterBufferEmittedCount": samples,
            "totalSamplesReceived": samples,
            "concealedSamples": 0,
            "silentConcealedSamples": 0,
            "concealmentEvents": 0,
            "insertedSamplesForDeceleration": 0,
            "removedSamplesForAcceleration": 0,
        }
        at_ns = START_NS + step * 500_000_000
        row = {
            "monotonic_ns": at_ns,
            "monotonic_after_ns": at_ns + 1000,
            "stats": [stream | ballast, *others],
        }
        yield json.dumps(row) + "\n"


if __name__ == "__main__":
    main()
