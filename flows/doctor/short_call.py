"""A real call of a few words, and what it says about the way of the media."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.measurement.evidence import load_recorded
from eloquence_pipeline.measurement.observation import observe_phrases
from eloquence_pipeline.measurement.rtp import rtp_figures
from eloquence_pipeline.models import Channel, Phrase, Side, SpeechScript, Transmission
from eloquence_pipeline.redaction import redacted_standard_error
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.speech.script import lay_out, sounds
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.growing_end import LISTENER_FILES
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.publisher import publish
from eloquence_pipeline.transport.quiet_process import undisturbed
from eloquence_pipeline.transport.subscriber import subscribe
from eloquence_pipeline.transport.tokens import mint_token

SPEAKER, LISTENER = "doctor-speaker", "doctor-listener"
SAID = "Un, deux, trois."
"""A good second: what is shorter a single hiccup of this machine makes unrecognisable."""

_TOKEN_SECONDS = 60
T = TypeVar("T")


@dataclass(frozen=True)
class Heard:
    """What became of the words.

    Attributes
    ----------
    delay_ms
        How long they were under way; None if they were not found.
    packets
        How many RTP packets arrived.
    protocol
        What they came over: ``udp``, ``tcp``, ``relay``; empty if unknown.
    """

    delay_ms: float | None
    packets: int
    protocol: str


def short_script(settings: Settings, folder: Path) -> SpeechScript:
    """Return the words with a second of silence at both ends; in the first the jitter buffer settles."""
    synthesizer = VoiceSynthesizer(folder, speech=settings.speech)
    clip = synthesizer.synthesise(Phrase(text=SAID, category="doctor"))
    return lay_out([clip], 1, 0.0, 0.0)


async def make_call(settings: Settings, script: SpeechScript, folder: Path) -> Transmission:
    """Speak and listen in a room of its own.

    Raises
    ------
    TransportError
        If it could not be carried out to its end.
    """
    room, call = f"{settings.room_name}-doctor-{secrets.token_hex(4)}", Call([SPEAKER])
    with redacted_standard_error(), undisturbed():
        speaking = publish(
            url=settings.livekit_url,
            token=_token(settings, room, SPEAKER, Side.PUBLISHER),
            identity=SPEAKER,
            playlist=Playlist.scheduled(sounds(script), script.sample_count),
            folder=folder,
            call=call,
        )
        listening = subscribe(
            url=settings.livekit_url,
            token=_token(settings, room, LISTENER, Side.SUBSCRIBER),
            identity=LISTENER,
            speakers={SPEAKER: ""},
            expected_seconds=script.duration_seconds,
            folder=folder,
            call=call,
        )
        sent, received = await asyncio.gather(
            _telling(speaking, call), _telling(listening, call), return_exceptions=True
        )
    if isinstance(call.error, Exception):
        raise call.error
    if isinstance(sent, BaseException) or isinstance(received, BaseException) or call.cause:
        raise TransportError(f"the call broke off: {call.cause or sent or received}")
    channel = Channel(speaker=SPEAKER, script=script, sent=sent, received=received[SPEAKER])
    return Transmission(room=room, channels=(channel,))


async def _telling(end: Coroutine[Any, Any, T], call: Call) -> T:
    try:
        return await end
    except BaseException as error:
        call.break_off(str(error), error)
        raise


def _token(settings: Settings, room: str, identity: str, side: Side) -> Any:
    return mint_token(
        api_key=settings.api_key,
        api_secret=settings.api_secret,
        room=room,
        identity=identity,
        sides={side},
        valid_for_seconds=_TOKEN_SECONDS,
    )


def heard_in(transmission: Transmission, folder: Path) -> Heard:
    """Find what was said in what was recorded."""
    (channel,) = transmission.channels
    recorded = load_recorded(channel, folder)
    rtp = rtp_figures([recorded.publisher_statistics], recorded.subscriber_statistics)
    return Heard(
        delay_ms=observe_phrases(channel, recorded)[0].phrase.one_way_delay_ms,
        packets=rtp.inbound.packets_received if rtp.inbound else 0,
        protocol=media_protocol((folder / LISTENER_FILES.statistics).read_text(encoding="utf-8")),
    )


def media_protocol(statistics: str) -> str:
    """Return what the media came over, from the lines of the listener's statistics.

    Where UDP is blocked the client falls back to TCP or a relay by itself, and says nothing.
    """
    for line in reversed(statistics.splitlines()):
        stats: list[dict[str, Any]] = json.loads(line)["stats"]
        candidates = {entry["id"]: entry for entry in stats if entry["type"] == "local-candidate"}
        for entry in stats:
            if entry["type"] == "candidate-pair" and entry.get("nominated"):
                local = candidates.get(str(entry.get("localCandidateId")), {})
                is_relay = local.get("candidateType") == "RELAY"
                return "relay" if is_relay else str(local.get("protocol", ""))
    return ""
