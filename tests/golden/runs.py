"""The golden runs: small ones, each with something else in it, written as the pipeline writes a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from eloquence_pipeline.clock import Instant
from eloquence_pipeline.files import write_bytes, write_npz
from eloquence_pipeline.models import (
    Attempt,
    AttemptOutcome,
    Channel,
    Clip,
    ConnectionEvent,
    Phrase,
    Recording,
    ResultFormat,
    RunHeader,
    RunInfo,
    ScheduledPhrase,
    SendRecord,
    Side,
    SpeechScript,
    Transmission,
    Voice,
)
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import ATTEMPTS_FILE, RUN_FILE, SCRIPTS_FILE, TRANSMISSION_FILE
from tests.golden.sound import Int16Array, half_a_sample_later, speech_like, stamps_ns, whole_numbers

RATE, FRAME = 48_000, 480
START_NS = 7_000_000_000_000
STARTED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
WALL_CLOCK_NS = 1_795_000_000_000_000_000
"""What the SDK's clock says beyond the measuring clock."""
CLOCK = "monotonic/golden"
PHRASE_SAMPLES = 36_000
EVERY_SAMPLES = 72_000
VOICE = Voice(voice="roa/fr", rate_wpm=150, volume=0.9, engine="golden", engine_version="1")


@dataclass(frozen=True)
class Said:
    """One phrase and what becomes of it.

    Attributes
    ----------
    delay_samples
        How much later it is in the recording; None loses it.
    half
        Half a sample later still.
    missing_frames
        Frames of 20 ms of it that are silent in the recording, counted from its start.
    """

    delay_samples: int | None
    half: bool = False
    missing_frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class GoldenRun:
    """What a golden run consists of; speakers begin one after the other."""

    name: str
    speakers: tuple[tuple[Said, ...], ...]
    noise: int = 6
    skipped_frame: int | None = None
    packets_lost: int = 0
    broken_off_after_frames: int | None = None
    listener_came: bool = True
    attempts: tuple[AttemptOutcome, ...] = (AttemptOutcome.COMPLETED,)
    thresholds: ThresholdSettings = field(default_factory=ThresholdSettings)

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return f"20261122T120000Z-{self.name.encode().hex()[:6]:0<6}"

    def write(self, results: Path, *, seal: bool = True) -> Path:
        """Write the run below `results`, without a result, and return its folder."""
        run = RunFolder.create(results, STARTED_AT, self.name, self.run_id)
        transmission = self.transmission(run.path)
        header = RunHeader(
            format=ResultFormat(method_version=1),
            run=self._info(),
            thresholds=self.thresholds.model_dump(),
        )
        run.write_model(RUN_FILE, header)
        scripts = {
            channel.speaker: channel.script.model_dump(mode="json") for channel in transmission.channels
        }
        run.write_json(SCRIPTS_FILE, scripts)
        run.write_text(ATTEMPTS_FILE, json.dumps([a.model_dump(mode="json") for a in self._attempts()]))
        run.write_model(TRANSMISSION_FILE, transmission)
        if seal:
            run.seal()
        return run.path

    def transmission(self, folder: Path) -> Transmission:
        """Write sound, times and statistics into `folder` and describe them."""
        alone = len(self.speakers) == 1
        channels = tuple(
            self._channel(folder, number, "" if alone else f"-{number + 1}")
            for number in range(len(self.speakers))
        )
        failure = "the publisher was disconnected" if self.broken_off_after_frames else ""
        return Transmission(room="golden", channels=channels, failure=failure)

    def _channel(self, folder: Path, number: int, tag: str) -> Channel:
        speaker = f"speaker{tag}"
        script = self._script(number, speaker, folder)
        sent, received = self._sounds(number, script)
        return Channel(
            speaker=speaker,
            script=script,
            sent=self._send_record(folder, number, tag, sent),
            received=self._recording(folder, number, tag, received) if self.listener_came else None,
        )

    def _script(self, number: int, speaker: str, folder: Path) -> SpeechScript:
        count = len(self.speakers[number])
        phrases = tuple(
            ScheduledPhrase(
                index=1 + number + place * len(self.speakers),
                clip=Clip(
                    phrase=Phrase(text=f"Phrase {place + 1} de {speaker}", category="greetings"),
                    voice=VOICE,
                    audio_path=Path("/nowhere") / f"{speaker}-{place}.wav",
                    audio_sha256="0" * 64,
                    sample_rate_hz=RATE,
                    sample_count=PHRASE_SAMPLES,
                    generation_ms=12.5 + place,
                    from_cache=bool(place % 2),
                ),
                start_sample=48_000 + number * 9_600 + place * EVERY_SAMPLES,
                sample_count=PHRASE_SAMPLES,
            )
            for place in range(count)
        )
        return SpeechScript(
            seed=7, sample_rate_hz=RATE, sample_count=96_000 + count * EVERY_SAMPLES, phrases=phrases
        )

    def _sounds(self, number: int, script: SpeechScript) -> tuple[Int16Array, Int16Array]:
        sent = np.zeros(script.sample_count, dtype=np.int64)
        length = script.sample_count + RATE
        received = whole_numbers(f"{self.name} noise {number}", length) * self.noise // 32_768
        for said, scheduled in zip(self.speakers[number], script.phrases, strict=True):
            sound = speech_like(f"{self.name} {number} {scheduled.index}", PHRASE_SAMPLES)
            sent[scheduled.start_sample : scheduled.end_sample] = sound
            if said.delay_samples is None:
                continue
            heard = half_a_sample_later(sound) if said.half else sound.copy()
            for missing in said.missing_frames:
                heard[missing * 2 * FRAME : (missing + 1) * 2 * FRAME] = 0
            first = scheduled.start_sample + said.delay_samples
            received[first : first + PHRASE_SAMPLES] += heard
        said_samples = (self.broken_off_after_frames or len(sent) // FRAME) * FRAME
        return sent[:said_samples].astype(np.int16), received.astype(np.int16)

    def _send_record(self, folder: Path, number: int, tag: str, sent: Int16Array) -> SendRecord:
        frames = len(sent) // FRAME
        deadline_ns = stamps_ns("deadline", START_NS, frames, 0)
        handed_over_ns = deadline_ns + (whole_numbers(f"{self.name} sent {number}", frames) + 32_768) * 5
        if self.skipped_frame is not None:
            handed_over_ns[self.skipped_frame] = 0
        timings = write_npz(
            folder / f"sent_timings{tag}.npz", deadline_ns=deadline_ns, handed_over_ns=handed_over_ns
        )
        return SendRecord(
            **self._end(f"speaker{tag}", Side.PUBLISHER, frames),
            audio=write_wav(folder / f"sent{tag}.wav", sent, RATE),
            timings=timings,
            statistics=write_bytes(
                folder / f"publisher_statistics{tag}.jsonl", _lines(self._sender_rows(number, frames))
            ),
        )

    def _recording(self, folder: Path, number: int, tag: str, received: Int16Array) -> Recording:
        frames = len(received) // FRAME
        lag_ns = (whole_numbers(f"{self.name} lag", 100) + 32_768) * 10
        rows = [row for each in range(len(self.speakers)) for row in self._listener_rows(each, frames)]
        rows.sort(key=lambda row: row["monotonic_ns"])
        return Recording(
            **self._end("listener", Side.SUBSCRIBER, frames),
            audio=write_wav(folder / f"received{tag}.wav", received, RATE),
            timings=write_npz(
                folder / f"received_timings{tag}.npz",
                arrived_ns=stamps_ns(f"{self.name} arrived {number}", START_NS, frames, 3_000_000),
                loop_lag_ns=lag_ns,
            ),
            statistics=write_bytes(folder / "subscriber_statistics.jsonl", _lines(rows)),
            ssrcs=(1000 + number,),
        )

    def _end(self, identity: str, side: Side, frames: int) -> dict[str, Any]:
        event = ConnectionEvent(monotonic_ns=START_NS - 1, side=side, identity=identity, name="connected")
        return {
            "identity": identity,
            "clock_id": CLOCK,
            "started": Instant(wall=STARTED_AT, monotonic_ns=START_NS - 5_000_000, clock_id=CLOCK),
            "sample_rate_hz": RATE,
            "frame_samples": FRAME,
            "frame_count": frames,
            "connect_ms": 123.25,
            "events": (event,),
        }

    def _sender_rows(self, number: int, frames: int) -> list[dict[str, Any]]:
        def at(step: int) -> list[dict[str, Any]]:
            packets = 25 * step
            counted = {"type": "outbound-rtp", "kind": "audio", "ssrc": 1000 + number}
            seen = {"type": "remote-inbound-rtp", "kind": "audio", "ssrc": 1000 + number}
            return [
                counted | {"packetsSent": packets, "bytesSent": packets * 80},
                seen
                | {
                    "packetsLost": self.packets_lost,
                    "fractionLost": 0.0,
                    "roundTripTime": 0.001,
                    "jitter": 0.002,
                },
            ]

        return _rows(at, frames)

    def _listener_rows(self, number: int, frames: int) -> list[dict[str, Any]]:
        def at(step: int) -> list[dict[str, Any]]:
            emitted = 24_000 * step
            # A packet holds two frames; the newest one of this sample came 1.25 ms after its second.
            came_ns = START_NS + (50 * step - 1) * 10_000_000 + 1_250_000
            values = {
                "timestamp": (START_NS + step * 500_000_000 + 1_000_000 + WALL_CLOCK_NS) // 1000,
                "lastPacketReceivedTimestamp": (came_ns + WALL_CLOCK_NS) / 1_000_000 if step else 0,
                "packetsReceived": 25 * step - (self.packets_lost if step else 0),
                "packetsLost": self.packets_lost if step else 0,
                "bytesReceived": 2000 * step,
                "jitter": 0.0015,
                "jitterBufferDelay": emitted * (0.03125 + step * 0.0005),
                "jitterBufferEmittedCount": emitted,
                "totalSamplesReceived": emitted,
                "concealedSamples": 480 * self.packets_lost,
                "silentConcealedSamples": 0,
                "concealmentEvents": min(1, self.packets_lost),
                "insertedSamplesForDeceleration": 10 * step,
                "removedSamplesForAcceleration": 5 * step,
            }
            return [{"type": "inbound-rtp", "kind": "audio", "ssrc": 1000 + number} | values]

        return _rows(at, frames)

    def _attempts(self) -> list[Attempt]:
        return [
            Attempt(number=number, room="golden", started_at=STARTED_AT, outcome=outcome)
            for number, outcome in enumerate(self.attempts, start=1)
        ]

    def _info(self) -> RunInfo:
        return RunInfo(
            run_id=self.run_id,
            scenario=self.name,
            started_at=STARTED_AT,
            target="embedded",
            livekit_url="ws://127.0.0.1:7880",
            room="",
            seed=7,
            parameters={"duration_seconds": 8},
            clock_id=CLOCK,
            versions={"python": "3"},
        )


def _rows(at: Callable[[int], list[dict[str, Any]]], frames: int) -> list[dict[str, Any]]:
    steps = range(frames // 50 + 1)
    taken_ns = [START_NS + step * 500_000_000 for step in steps]
    return [
        {"monotonic_ns": before_ns, "monotonic_after_ns": before_ns + 2_000_000, "stats": at(step)}
        for step, before_ns in zip(steps, taken_ns, strict=True)
    ]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


CLEAN = GoldenRun("clean", ((Said(2160), Said(2160, half=True), Said(2165)),))
LOSSY = GoldenRun(
    "lossy",
    ((Said(2400, missing_frames=(3, 7, 8, 9)), Said(None), Said(4800, half=True)),),
    noise=900,
    skipped_frame=130,
    packets_lost=7,
    attempts=(AttemptOutcome.FAILED_BEFORE_AUDIO, AttemptOutcome.COMPLETED),
)
SEVERAL = GoldenRun(
    "several",
    ((Said(2200), Said(2210)), (Said(3000, half=True), Said(None))),
    thresholds=ThresholdSettings(latency_excellent_ms=40, latency_good_ms=45, latency_acceptable_ms=60),
)
BROKEN_OFF = GoldenRun(
    "broken-off",
    ((Said(2160), Said(2160), Said(2160)),),
    broken_off_after_frames=340,
    attempts=(AttemptOutcome.FAILED_DURING_AUDIO,),
)
UNHEARD = GoldenRun("unheard", ((Said(2160),),), listener_came=False)


OLD_RUN = GoldenRun("old", ((Said(2200), Said(2600, half=True)),), packets_lost=2)
"""What is recorded in the runs of `tests/golden/stored`, which older versions have written and judged."""

GOLDEN_RUNS = (CLEAN, LOSSY, SEVERAL, BROKEN_OFF, UNHEARD)
