"""Whether voice gets through LiveKit: network interface, reachable, keys, media."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path

from eloquence_pipeline.classes import latency_class
from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.errors import ConnectTimeout
from eloquence_pipeline.models import LatencyClass, SpeechScript
from eloquence_pipeline.redaction import hide_secrets
from eloquence_pipeline.reporting.checks import Check, CheckStatus
from eloquence_pipeline.servers import embedded_servers
from eloquence_pipeline.servers.binaries import find_binary
from eloquence_pipeline.settings import Settings, ThresholdSettings
from eloquence_pipeline.transport.server_api import require_accepted_keys
from flows.doctor import machine
from flows.doctor.embedded import leaving_nothing
from flows.doctor.guard import guarded, in_turn
from flows.doctor.short_call import Heard, heard_in, make_call, short_script
from flows.doctor.web import Answer, ask

INTERFACE, REACHABLE, KEYS, MEDIA = "interface réseau", "LiveKit joignable", "clés LiveKit", "média UDP"
LONGEST_CALL_SECONDS = 20.0

_LARGEST_SKEW_SECONDS = 60.0


def voice_path(settings: Settings, folder: Path) -> Iterator[Check]:
    """Look at the way of the voice, step by step, on the user's server or an embedded one."""
    interface = guarded((INTERFACE, lambda: machine.interface(INTERFACE)))
    yield interface
    with ExitStack() as stack:
        path = _VoicePath(settings, folder, stack)

        def media() -> Check:
            if interface.status is CheckStatus.FAILED:
                return Check.not_checked(MEDIA, f"needs « {INTERFACE} »")
            return path.media()

        yield from in_turn([(REACHABLE, path.reachable), (KEYS, path.keys), (MEDIA, media)])


class _VoicePath:
    """The steps, each of which needs the ones before it.

    Parameters
    ----------
    settings
        Name the user's server; an embedded one is started where they name none.
    folder
        For the call's files.
    stack
        Stops the embedded server.
    """

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        self._settings = settings
        self._folder = folder
        self._stack = stack

    def reachable(self) -> Check:
        """Ask the server for something that only LiveKit answers."""
        embedded = not self._settings.livekit_url
        if embedded:
            if find_binary(self._settings, "livekit-server") is None:
                return Check.not_checked(REACHABLE, "there is no livekit-server yet to start")
            self._start()
        url = self._settings.livekit_url
        began = time.monotonic()
        # The same scheme without and with TLS: ws and http, wss and https.
        answer = ask(f"http{url.removeprefix('ws').rstrip('/')}/rtc/validate", setting="LIVEKIT_URL")
        took_ms = (time.monotonic() - began) * MILLISECONDS_PER_SECOND
        return judge_answer(f"{url} (embarqué)" if embedded else url, answer, took_ms)

    def _start(self) -> None:
        own = leaving_nothing(self._settings, self._folder)
        livekit = self._stack.enter_context(
            embedded_servers(own, livekit=True, s3=False, prefect=False)
        ).livekit
        assert livekit is not None  # noqa: S101 - for the type checker
        hide_secrets(livekit.api_secret.get_secret_value())
        self._settings = self._settings.model_copy(
            update={
                "livekit_url": livekit.url,
                "api_key": livekit.api_key,
                "api_secret": livekit.api_secret,
            }
        )

    def keys(self) -> Check:
        """Have the server accept the keys."""
        settings = self._settings
        asyncio.run(require_accepted_keys(settings.livekit_url, settings.api_key, settings.api_secret))
        return Check.ok(KEYS, "acceptées")

    def media(self) -> Check:
        """Say a few words and find them in what arrived.

        Once more if they did not: this is no measurement, and a hiccup of this machine no defect of the
        path.
        """
        script = short_script(self._settings, self._folder / "phrases")
        heard = self._call(script, "first")
        if heard.delay_ms is None:
            heard = self._call(script, "second")
        return judge_media(heard, self._settings.thresholds)

    def _call(self, script: SpeechScript, name: str) -> Heard:
        folder = self._folder / name
        folder.mkdir()
        call = make_call(self._settings, script, folder)
        try:
            transmission = asyncio.run(asyncio.wait_for(call, LONGEST_CALL_SECONDS))
        except TimeoutError:
            raise ConnectTimeout(
                f"a call of a few words was not over within {LONGEST_CALL_SECONDS:.0f} s",
                remedy="look at the load of the server, and of this machine",
            ) from None
        return heard_in(transmission, folder)


def judge_answer(place: str, answer: Answer, took_ms: float) -> Check:
    """Judge the answer to a request without a token, which LiveKit refuses with 401."""
    status = answer.status
    if status == HTTPStatus.UNAUTHORIZED:
        skew_seconds = _skew_seconds(answer)
        if abs(skew_seconds) > _LARGEST_SKEW_SECONDS:
            return Check.warning(
                REACHABLE,
                f"{place}; its clock and this machine's differ by {abs(skew_seconds):.0f} s",
                "set the clocks: a token is good only for the time that it names",
            )
        return Check.ok(REACHABLE, f"{place}, {took_ms:.0f} ms")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        remedy = "see whether LiveKit runs behind the proxy that answers"
        return Check.failed(REACHABLE, f"{place} answers HTTP {status}", remedy)
    if "https" in (answer.headers.get("Location", "") + answer.body).lower() and place.startswith("ws://"):
        return Check.failed(REACHABLE, f"{place} wants TLS", "set LIVEKIT_URL to wss:// instead of ws://")
    return Check.failed(
        REACHABLE,
        f"what answers at {place} is not a LiveKit server (HTTP {status})",
        "check host, port and path in LIVEKIT_URL",
    )


def _skew_seconds(answer: Answer) -> float:
    try:
        said = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return 0.0
    return (said - datetime.now(UTC)).total_seconds() if said.tzinfo is not None else 0.0


def judge_media(heard: Heard, thresholds: ThresholdSettings) -> Check:
    """Judge the call: whether the words arrived, how late, and over what."""
    if not heard.packets:
        return Check.failed(
            MEDIA,
            "connected, but no packet of the call arrived",
            "open the server's UDP port in both directions, and check the address that it advertises",
        )
    if heard.delay_ms is None:
        return Check.failed(
            MEDIA,
            f"{heard.packets} packets arrived, but what was said cannot be made out",
            "look at loss and jitter between here and the server, and at the load of both",
        )
    delay_ms = heard.delay_ms
    detail = f"{delay_ms:.0f} ms aller simple"
    if heard.protocol not in {"udp", ""}:
        return Check.warning(
            MEDIA,
            f"{detail}, but over {heard.protocol.upper()} instead of direct UDP",
            "open the server's UDP port on the firewalls: other ways are later and jerkier",
        )
    if latency_class(delay_ms, thresholds) is LatencyClass.PROBLEMATIC:
        return Check.warning(
            MEDIA, f"{detail}: a test would fail", "look at the load of network and server, or test nearer"
        )
    return Check.ok(MEDIA, detail)
