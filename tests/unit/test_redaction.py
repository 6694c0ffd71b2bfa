"""No token leaves the process."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from eloquence_pipeline import redaction
from eloquence_pipeline.models import Side
from eloquence_pipeline.redaction import (
    REDACTED,
    SECRET_REDACTED,
    RedactingFilter,
    hide_secrets,
    hide_secrets_of,
    redact,
    redact_sdk_logs,
)
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.transport.tokens import mint_token

pytestmark = pytest.mark.unit


def token() -> str:
    return mint_token(
        api_key="key",
        api_secret=SecretStr("s" * 32),
        room="room",
        identity="speaker",
        sides={Side.PUBLISHER},
        valid_for_seconds=60,
    ).get_secret_value()


@given(before=st.text(max_size=40), after=st.sampled_from(["", " ", '"', ", error: invalid", "\n", "&x=1"]))
def test_a_token_is_taken_out_of_any_text(before: str, after: str) -> None:
    secret = token()
    cleaned = redact(f"{before} {secret}{after}")
    assert secret not in cleaned
    assert not any(part in cleaned for part in secret.split("."))
    assert REDACTED in cleaned


def test_a_query_parameter_is_taken_out_whatever_it_looks_like() -> None:
    assert redact("GET /rtc?access_token=abc123&auto=1") == f"GET /rtc?access_token={REDACTED}&auto=1"


def test_other_text_is_left_alone() -> None:
    text = "engine: signal failure: Connection refused (os error 111) eyJ is how tokens begin"
    assert redact(text) == text


def test_the_sdks_log_lines_are_redacted(caplog: pytest.LogCaptureFixture) -> None:
    redact_sdk_logs()
    redact_sdk_logs()
    secret = token()
    with caplog.at_level(logging.WARNING, logger="livekit"):
        logging.getLogger("livekit").warning("invalid token: %s", secret)
    assert secret not in caplog.text
    assert REDACTED in caplog.text


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known_secrets", type(redaction._known_secrets)())  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures("nothing_known")
def test_the_secrets_of_the_settings_are_taken_out_of_any_text() -> None:
    settings = Settings.model_validate(
        {
            "livekit_url": "wss://livekit.example",
            "api_key": "devkey",
            "api_secret": "of-livekit",
            "storage": {"access_key": "of-the-store", "secret_key": "of-the-store-too"},
        }
    )
    hide_secrets_of(settings)
    for secret in ("of-livekit", "of-the-store", "of-the-store-too"):
        assert redact(f"before {secret} after") == f"before {SECRET_REDACTED} after"
    assert redact("devkey") == "devkey"


@pytest.mark.usefixtures("nothing_known")
def test_a_text_that_is_cleaned_twice_stays_as_it_is() -> None:
    hide_secrets("secret", "redacted")
    once = redact("the secret is redacted")
    assert once == f"the {SECRET_REDACTED} is {SECRET_REDACTED}"
    assert redact(once) == once


@pytest.mark.usefixtures("nothing_known")
def test_what_is_empty_or_too_short_to_be_a_secret_is_left_alone() -> None:
    hide_secrets("", "a", "abc")
    assert redact("abc, a cab") == "abc, a cab"


@pytest.mark.usefixtures("nothing_known")
def test_a_record_is_cleaned_in_message_content_and_traceback() -> None:
    hide_secrets("of-the-store")
    error = ValueError("of-the-store")
    record = logging.LogRecord(
        "x", logging.INFO, "", 0, "key %s", ("of-the-store",), (ValueError, error, None)
    )
    record.__dict__["content"] = {"keys": ["of-the-store", 7], "packet_id": 1}
    assert RedactingFilter().filter(record)
    assert record.__dict__["content"] == {"keys": [SECRET_REDACTED, 7], "packet_id": 1}
    formatted = logging.Formatter().format(record)
    assert "of-the-store" not in formatted
    assert formatted.count(SECRET_REDACTED) == 2


def test_standard_error_is_redacted_below_python() -> None:
    secret = token()
    code = (
        "import os\n"
        "from eloquence_pipeline.redaction import redacted_standard_error\n"
        "with redacted_standard_error():\n"
        f"    os.write(2, b'one {secret[:30]}'); os.write(2, b'{secret[30:]} two\\n')\n"
        "    os.write(2, b'no newline')\n"
        "os.write(2, b' after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == f"one {REDACTED} two\nno newline after"
