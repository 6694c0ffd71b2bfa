"""Real calls through the embedded LiveKit and the relay, captured while they last."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from calibration.captured.conditions import CallPlan
from calibration.captured.packets import Address
from calibration.captured.sniffer import Captured, Sniffer
from calibration.clips import as_sound, synthesise
from eloquence_pipeline.clock import Instant
from eloquence_pipeline.measurement.rtp import StatisticsSample, parse_statistics
from eloquence_pipeline.models import Recording, RelayReport, SendRecord, Side
from eloquence_pipeline.servers import LiveKitEndpoint, embedded_servers
from eloquence_pipeline.settings import load_settings
from eloquence_pipeline.transport.audio_format import SAMPLE_RATE_HZ
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.network.simulated import SimulatedNetwork
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.publisher import publish
from eloquence_pipeline.transport.subscriber import subscribe
from eloquence_pipeline.transport.tokens import mint_token

SPEAKER, LISTENER = "speaker", "listener"
CALL_SECONDS = 16
_PAUSE_SECONDS = 0.2
_SETTLE_SECONDS = 10.0
_QUIET_SECONDS = 0.5
_TOKEN_SECONDS = 120


@dataclass(frozen=True)
class MadeCall:
    """Everything that is known of a call.

    Attributes
    ----------
    plan
        What was asked for.
    report
        The relay's own counts, after the last packet that waited there was sent.
    captured
        The packets on loopback, from before the call to after it.
    doors
        The relay's addresses that each participant was told.
    handed_over_ns
        int64 of shape (frames,); when each frame was handed over, on the measuring clock.
    speaker, listener
        The statistics of both ends.
    ssrcs
        Of the stream that was recorded.
    started
        Both clocks of the listener at one moment.
    """

    plan: CallPlan
    report: RelayReport
    captured: Captured
    doors: dict[str, set[Address]]
    handed_over_ns: npt.NDArray[np.int64]
    speaker: list[StatisticsSample]
    listener: list[StatisticsSample]
    ssrcs: tuple[int, ...]
    started: Instant


class Ends(NamedTuple):
    """What both ends wrote down."""

    sent: SendRecord
    received: Recording


def make_calls(
    plans: list[CallPlan], progress: Callable[[str], object], analyse: Callable[[MadeCall], None]
) -> None:
    """Make calls one after the other, each in a fresh room; what is known of each goes to `analyse`.

    Raises
    ------
    EloquenceError
        If the machine does not let packets be captured, or a call fails.
    """
    with TemporaryDirectory(prefix="eloquence-captured-") as name:
        folder = Path(name)
        Sniffer().close()  # before anything takes time: whether this is allowed
        speech = _speech(folder)
        users = load_settings()
        folders = {each: folder / each for each in ("results", "data", "state")}
        settings = users.model_copy(update={"folders": users.folders.model_copy(update=folders)})
        with embedded_servers(settings, livekit=True, s3=False, prefect=False) as endpoints:
            assert endpoints.livekit is not None
            for number, plan in enumerate(plans, start=1):
                progress(f"call {number} of {len(plans)}: {plan.name}")
                place = folder / str(number)
                place.mkdir()
                analyse(asyncio.run(_captured_call(endpoints.livekit, plan, place, speech)))


def _speech(folder: Path) -> npt.NDArray[np.int16]:
    """Return phrases of the catalogue, as long as a call."""
    pause = np.zeros(round(_PAUSE_SECONDS * SAMPLE_RATE_HZ))
    parts = [part for sound in as_sound(synthesise(folder / "clips")) for part in (sound.samples, pause)]
    return np.resize(np.concatenate(parts), CALL_SECONDS * SAMPLE_RATE_HZ).astype(np.int16)


async def _captured_call(
    livekit: LiveKitEndpoint, plan: CallPlan, folder: Path, speech: npt.NDArray[np.int16]
) -> MadeCall:
    with Sniffer() as sniffer:
        async with SimulatedNetwork(livekit.url) as network:
            ends = await _call(livekit, plan, folder, speech, network)
            report = await _settled(network)
            doors = {identity: await network.addresses(identity) for identity in (SPEAKER, LISTENER)}
    for failure in (ends.sent.failure, ends.received.failure):
        if failure:
            raise RuntimeError(f"the call {plan.name} failed: {failure}")
    assert sniffer.captured is not None
    speaker, listener = (
        parse_statistics((folder / f"{end}_statistics.jsonl").read_text(encoding="utf-8"))
        for end in ("publisher", "subscriber")
    )
    handed_over_ns = np.load(folder / ends.sent.timings.name)["handed_over_ns"]
    return MadeCall(
        plan=plan,
        report=report,
        captured=sniffer.captured,
        doors=doors,
        handed_over_ns=handed_over_ns,
        speaker=speaker,
        listener=listener,
        ssrcs=ends.received.ssrcs,
        started=ends.received.started,
    )


async def _call(
    livekit: LiveKitEndpoint,
    plan: CallPlan,
    folder: Path,
    speech: npt.NDArray[np.int16],
    network: SimulatedNetwork,
) -> Ends:
    call, room = Call([SPEAKER]), f"captured-{folder.name}"
    paths = {SPEAKER: await network.open(SPEAKER, plan.speaker)}
    paths[LISTENER] = await network.open(LISTENER, plan.listener)
    tokens = {
        identity: mint_token(
            api_key=livekit.api_key,
            api_secret=livekit.api_secret,
            room=room,
            identity=identity,
            sides={side},
            valid_for_seconds=_TOKEN_SECONDS,
        )
        for identity, side in ((SPEAKER, Side.PUBLISHER), (LISTENER, Side.SUBSCRIBER))
    }
    speaking = publish(
        url=livekit.url,
        token=tokens[SPEAKER],
        identity=SPEAKER,
        playlist=Playlist.of(speech),
        folder=folder,
        call=call,
        path=paths[SPEAKER],
    )
    listening = subscribe(
        url=livekit.url,
        token=tokens[LISTENER],
        identity=LISTENER,
        speakers={SPEAKER: ""},
        expected_seconds=CALL_SECONDS,
        folder=folder,
        call=call,
        path=paths[LISTENER],
    )
    # Both are waited for, also when one fails: a connect that is cut off ends this process later.
    sent, received = await asyncio.gather(speaking, listening, return_exceptions=True)
    for outcome in (sent, received):
        if isinstance(outcome, BaseException):
            raise outcome
    assert isinstance(sent, SendRecord)
    assert isinstance(received, dict)
    return Ends(sent, received[SPEAKER])


async def _settled(network: SimulatedNetwork) -> RelayReport:
    """Return the relay's counts when nothing changes any more: all that waited was sent, nobody sends.

    Raises
    ------
    RuntimeError
        If that never comes: counts taken at different moments cannot be compared.
    """
    before = await network.report()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SETTLE_SECONDS):
            while True:
                await asyncio.sleep(_QUIET_SECONDS)
                now = await network.report()
                if now.participants == before.participants:
                    return now
                before = now
    raise RuntimeError("packets went on after the call had ended")
