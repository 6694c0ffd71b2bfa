"""The listening end: connect, wait for the speaker's track, record until it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

from livekit import rtc
from pydantic import SecretStr

from eloquence_pipeline.clock import clock_id
from eloquence_pipeline.errors import SubscriptionTimeout, TransportError
from eloquence_pipeline.files import write_bytes, write_npz
from eloquence_pipeline.models import Recording, Side
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.frame_recorder import FrameRecorder
from eloquence_pipeline.transport.participant import Participant, first_of

TRACK_TIMEOUT_SECONDS = 15.0
OVERTIME_SECONDS = 30.0
"""How much longer than expected a speaker may take before the recording ends by itself."""
LEAVING_SECONDS = 2.0

SUBSCRIBER_RECORD = "subscriber.json"
RECEIVED_AUDIO = "received.wav"
RECEIVED_TIMINGS = "received_timings.npz"
SUBSCRIBER_STATISTICS = "subscriber_statistics.jsonl"


async def subscribe(
    *,
    url: str,
    token: SecretStr,
    identity: str,
    speaker: str,
    expected_seconds: float,
    folder: Path,
    call: Call,
) -> Recording:
    """Record one speaker from the moment its track is there until it has said everything and left.

    Parameters
    ----------
    url, token
        The server, and a token that lets `identity` subscribe in one room.
    speaker
        Identity of the participant to record.
    expected_seconds
        Length of what will be said; recording ends 30 s after that at the latest.
    folder
        Where the recording's files are written, whatever happens once the track is there.
    call
        Says when everything has been said; told when this end broke off; ends early when the other did.

    Returns
    -------
    Recording
        With a ``failure`` if it ended otherwise.

    Raises
    ------
    TransportError
        If no track could be subscribed to.
    """
    async with Participant(Side.SUBSCRIBER) as participant:
        recorder = FrameRecorder()
        watch = _TrackWatch(participant, recorder, speaker)
        failure = "interrupted"
        try:
            await participant.connect(url, token)
            await _until_subscribed(watch, call, speaker)
        except BaseException:
            await recorder.close()
            raise
        try:
            failure = await _until_ended(participant, watch, call, expected_seconds)
        finally:
            await participant.statistics.stop()
            await recorder.close()
            failure = failure or recorder.failure
            if failure:
                call.break_off(failure)
            record = _write(participant, recorder, identity, folder, failure)
        return record


class _TrackWatch:
    """Follows the speaker's track and attaches the recorder to it, also after a reconnect."""

    def __init__(self, participant: Participant, recorder: FrameRecorder, speaker: str) -> None:
        self.subscribed = asyncio.Event()
        self.left = asyncio.Event()
        self._recorder = recorder
        self._speaker = speaker
        participant.on("track_subscribed", self._on_subscribed)
        participant.on("participant_disconnected", self._on_left)

    def _on_subscribed(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if isinstance(track, rtc.RemoteAudioTrack) and participant.identity == self._speaker:
            self._recorder.attach(track)
            self.left.clear()
            self.subscribed.set()

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._speaker:
            self.left.set()


async def _until_subscribed(watch: _TrackWatch, call: Call, speaker: str) -> None:
    await first_of(watch.subscribed, call.broken, within_seconds=TRACK_TIMEOUT_SECONDS)
    if watch.subscribed.is_set():
        return
    if call.broken.is_set():
        raise TransportError("stopped before the first frame: the other end failed", transient=True)
    raise SubscriptionTimeout(
        f"no track of {speaker} appeared within {TRACK_TIMEOUT_SECONDS:.0f} s",
        remedy="look at the publisher's log lines: it may not have reached the room",
    )


async def _until_ended(
    participant: Participant, watch: _TrackWatch, call: Call, expected_seconds: float
) -> str:
    gone = participant.gone_event
    await first_of(call.spoken, gone, call.broken, within_seconds=expected_seconds + OVERTIME_SECONDS)
    if call.spoken.is_set():
        # The last packets are under way when the speaker has left; the listener learns of it after them.
        await first_of(watch.left, gone, within_seconds=LEAVING_SECONDS)
        return ""
    if gone.is_set():
        return "the subscriber was disconnected"
    return "the other end failed" if call.broken.is_set() else "the speaker did not end when it should have"


def _write(
    participant: Participant, recorder: FrameRecorder, identity: str, folder: Path, failure: str
) -> Recording:
    arrived_ns = recorder.arrived_ns()
    record = Recording(
        identity=identity,
        clock_id=clock_id(),
        started=participant.started,
        sample_rate_hz=SAMPLE_RATE_HZ,
        frame_samples=FRAME_SAMPLES,
        frame_count=len(arrived_ns),
        connect_ms=participant.connect_ms,
        audio=write_wav(folder / RECEIVED_AUDIO, recorder.samples(), SAMPLE_RATE_HZ),
        timings=write_npz(
            folder / RECEIVED_TIMINGS, arrived_ns=arrived_ns, loop_lag_ns=recorder.loop_lag_ns()
        ),
        statistics=write_bytes(
            folder / SUBSCRIBER_STATISTICS, participant.statistics.to_json_lines().encode()
        ),
        events=tuple(participant.events),
        failure=failure,
    )
    write_bytes(folder / SUBSCRIBER_RECORD, record.model_dump_json(indent=2).encode())
    return record
