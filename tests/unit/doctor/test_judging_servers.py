"""How the doctor judges what servers answer, and what it says when none does."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime

import pytest

from eloquence_pipeline.reporting.checks import Check, CheckStatus, print_check
from eloquence_pipeline.reporting.console import make_console
from eloquence_pipeline.settings import ThresholdSettings
from flows.doctor.prefect_api import judge_refusal, judge_version
from flows.doctor.short_call import Heard, media_protocol
from flows.doctor.voice_path import judge_answer, judge_media
from flows.doctor.web import Answer, no_answer

pytestmark = pytest.mark.unit

OK, WARNING, FAILED = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED
URL = "https://livekit.example:7880/rtc/validate"


def answer(status: int, body: str = "", **headers: str) -> Answer:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return Answer(status, message, body)


def heard(*, delay_ms: float | None = 47.4, packets: int = 100, protocol: str = "udp") -> Heard:
    return Heard(delay_ms, packets, protocol)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "cannot be resolved"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens at livekit.example:7880"),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "certificate of livekit.example:7880"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "does not speak TLS"),
        (TimeoutError("timed out"), "does not answer within"),
        (http.client.BadStatusLine("SSH-2.0"), "does not speak HTTP"),
        (OSError(113, "No route to host"), "cannot be reached (No route to host)"),
    ],
)
def test_each_way_not_to_answer_has_its_own_words_and_remedy(error: Exception, words: str) -> None:
    told = no_answer(URL, error, "LIVEKIT_URL")
    assert words in told.message
    assert told.remedy


@pytest.mark.parametrize(
    ("place", "answered", "status", "words"),
    [
        ("ws://x", answer(401, "no permissions to access the room"), OK, "ws://x, 3 ms"),
        ("ws://x", answer(200, "<html>"), FAILED, "not a LiveKit server (HTTP 200)"),
        ("ws://x", answer(404), FAILED, "not a LiveKit server (HTTP 404)"),
        ("ws://x", answer(502), FAILED, "answers HTTP 502"),
        ("ws://x", answer(301, Location="https://x/rtc/validate"), FAILED, "wants TLS"),
        ("ws://x", answer(400, "Client sent an HTTP request to an HTTPS server."), FAILED, "wants TLS"),
        ("wss://x", answer(302, Location="https://x/login"), FAILED, "not a LiveKit server (HTTP 302)"),
    ],
)
def test_livekit_is_known_by_its_answer(
    place: str, answered: Answer, status: CheckStatus, words: str
) -> None:
    check = judge_answer(place, answered, 3.2)
    assert (check.status, words in check.detail) == (status, True), check
    assert bool(check.remedy) == (status is not OK)


@pytest.mark.parametrize(("seconds", "status"), [(5, OK), (90, WARNING), (-600, WARNING)])
def test_clocks_that_differ_are_said(seconds: int, status: CheckStatus) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    assert judge_answer("ws://x", answer(401, Date=date), 1).status is status


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        (heard(), OK, "47 ms aller simple"),
        (heard(protocol=""), OK, "47 ms"),
        (heard(protocol="tcp"), WARNING, "over TCP instead of direct UDP"),
        (heard(protocol="relay"), WARNING, "over RELAY"),
        (heard(delay_ms=501), WARNING, "a test would fail"),
        (heard(delay_ms=None), FAILED, "cannot be made out"),
        (heard(delay_ms=None, packets=0), FAILED, "no packet"),
    ],
)
def test_the_call_is_judged_by_what_arrived_and_how(call: Heard, status: CheckStatus, words: str) -> None:
    check = judge_media(call, ThresholdSettings())
    assert (check.status, words in check.detail) == (status, True), check


@pytest.mark.parametrize(
    ("kind", "protocol", "expected"),
    [("HOST", "udp", "udp"), ("HOST", "tcp", "tcp"), ("RELAY", "udp", "relay")],
)
def test_the_protocol_is_that_of_the_pair_in_use(kind: str, protocol: str, expected: str) -> None:
    stats = [
        {"type": "local-candidate", "id": "a", "candidateType": "HOST", "protocol": "udp"},
        {"type": "local-candidate", "id": "b", "candidateType": kind, "protocol": protocol},
        {"type": "candidate-pair", "localCandidateId": "a", "nominated": False},
        {"type": "candidate-pair", "localCandidateId": "b", "nominated": True},
    ]
    nothing: list[object] = []
    lines = [json.dumps({"monotonic_ns": 1, "stats": one}) for one in (nothing, stats, nothing)]
    assert media_protocol("\n".join(lines)) == expected
    assert media_protocol("") == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "refuses the credentials"), (404, "is not the API of Prefect"), (503, "answers HTTP 503")],
)
def test_a_prefect_that_is_not_well_is_red(status: int, words: str) -> None:
    check = judge_refusal("API Prefect", "http://x/api", status)
    assert (check.status, words in check.detail) == (FAILED, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('"3.8.8"', OK),
        ('"3.9.0"', OK),
        ('"3.7.2"', WARNING),
        ('"3.10.0"', OK),
        ('"2.20.1"', FAILED),
        ("<html>", OK),
    ],
)
def test_the_versions_of_prefect_are_compared(body: str, status: CheckStatus) -> None:
    assert judge_version("API Prefect", "http://x/api", answer(200, body), "3.8.8").status is status


def test_prefect_cloud_tells_no_version() -> None:
    assert judge_version("API Prefect", "https://x/api", answer(404), "3.8.8").status is OK


def test_a_check_is_one_line_and_its_remedy_another(capsys: pytest.CaptureFixture[str]) -> None:
    console = make_console()
    print_check(console, Check.ok("média UDP", "47 ms aller simple"))
    print_check(console, Check.failed("clés LiveKit", "refused", "check them"))
    print_check(console, Check.not_checked("média UDP", "needs « clés LiveKit »"))
    assert capsys.readouterr().out.splitlines() == [
        "🟢 média UDP : 47 ms aller simple",
        "🔴 clés LiveKit : refused",
        "   → check them",
        "⚪ média UDP : needs « clés LiveKit »",
    ]


def test_a_check_is_one_object_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_check(make_console("json"), Check.failed("clés LiveKit", "refused", "check them"))
    line = json.loads(capsys.readouterr().out)
    assert (line["kind"], line["level"], line["component"]) == ("check", "ERROR", "DOCTOR")
    assert line["content"] == {
        "name": "clés LiveKit",
        "status": "failed",
        "detail": "refused",
        "remedy": "check them",
    }
