"""The speaking end: connect, publish, wait for a listener, speak, leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit import rtc
from pydantic import SecretStr

from eloquence_pipeline.clock import clock_id
from eloquence_pipeline.errors import SubscriptionTimeout, TransportError
from eloquence_pipeline.files import write_bytes, write_npz
from eloquence_pipeline.models import SendRecord, Side
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.frame_pump import FramePump
from eloquence_pipeline.transport.participant import Participant, first_of

SUBSCRIPTION_TIMEOUT_SECONDS = 15.0
TRACK_NAME = "speech"

PUBLISHER_RECORD = "publisher.json"
SENT_AUDIO = "sent.wav"
SENT_TIMINGS = "sent_timings.npz"
PUBLISHER_STATISTICS = "publisher_statistics.jsonl"


async def publish(
    *,
    url: str,
    token: SecretStr,
    identity: str,
    samples: npt.NDArray[np.int16],
    folder: Path,
    call: Call,
    on_position: Callable[[int], None] = lambda _: None,
) -> SendRecord:
    """Speak `samples` into a room in real time and write down when each frame went out.

    Parameters
    ----------
    url, token
        The server, and a token that lets `identity` publish in one room.
    samples
        int16 of shape (n,), mono at 48 kHz.
    folder
        Where the record's files are written, whatever happens once audio has gone out.
    call
        Told when everything has been said, or that this end broke off; ends early when the other did.
    on_position
        Called about ten times a second with the number of samples handed over.

    Returns
    -------
    SendRecord
        With a ``failure`` if the transmission broke off after the first frame.

    Raises
    ------
    TransportError
        If no frame could be sent.
    """
    async with Participant(Side.PUBLISHER) as participant:
        await participant.connect(url, token)
        pump = FramePump(samples)
        try:
            await _publish_track(participant, pump, call)
        except BaseException:
            await pump.close()
            raise
        failure = "interrupted"
        try:
            failure = await _speak(participant, pump, call, on_position)
        finally:
            await participant.disconnect()
            if failure:
                call.break_off(failure)
            else:
                call.spoken.set()
            await pump.close()
            record = _write(participant, pump, identity, folder, failure)
        return record


async def _publish_track(participant: Participant, pump: FramePump, call: Call) -> None:
    heard = asyncio.Event()
    participant.on("local_track_subscribed", heard.set)
    track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, pump.source)
    # Without DTX every frame becomes a packet, so packets can be counted; pauses carry silence.
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
    try:
        await participant.room.local_participant.publish_track(track, options)
    except Exception as error:
        raise TransportError(
            f"the track could not be published: {redact(str(error))}", transient=True
        ) from None
    await first_of(heard, call.broken, within_seconds=SUBSCRIPTION_TIMEOUT_SECONDS)
    if call.broken.is_set():
        raise TransportError("stopped before the first frame: the other end failed", transient=True)
    if not heard.is_set():
        raise SubscriptionTimeout(
            f"nobody subscribed to the track within {SUBSCRIPTION_TIMEOUT_SECONDS:.0f} s",
            remedy="look at the subscriber's log lines: it may not have reached the room",
        )


async def _speak(
    participant: Participant, pump: FramePump, call: Call, on_position: Callable[[int], None]
) -> str:
    speaking = asyncio.ensure_future(pump.run(lambda frames: on_position(frames * FRAME_SAMPLES)))
    endings = {
        asyncio.ensure_future(participant.gone_event.wait()),
        asyncio.ensure_future(call.broken.wait()),
    }
    try:
        await asyncio.wait({speaking, *endings}, return_when=asyncio.FIRST_COMPLETED)
        if speaking.done():
            await speaking
            return ""
        return "the other end failed" if call.broken.is_set() else "the publisher was disconnected"
    except Exception as error:
        return f"the SDK refused a frame: {redact(str(error))}"
    finally:
        for future in (speaking, *endings):
            future.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await speaking


def _write(
    participant: Participant, pump: FramePump, identity: str, folder: Path, failure: str
) -> SendRecord:
    timings = pump.timings()
    record = SendRecord(
        identity=identity,
        clock_id=clock_id(),
        started=participant.started,
        sample_rate_hz=SAMPLE_RATE_HZ,
        frame_samples=FRAME_SAMPLES,
        frame_count=len(timings.deadline_ns),
        connect_ms=participant.connect_ms,
        audio=write_wav(folder / SENT_AUDIO, pump.samples(), SAMPLE_RATE_HZ),
        timings=write_npz(
            folder / SENT_TIMINGS, deadline_ns=timings.deadline_ns, handed_over_ns=timings.handed_over_ns
        ),
        statistics=write_bytes(
            folder / PUBLISHER_STATISTICS, participant.statistics.to_json_lines().encode()
        ),
        events=tuple(participant.events),
        failure=failure,
    )
    write_bytes(folder / PUBLISHER_RECORD, record.model_dump_json(indent=2).encode())
    return record
