"""No token leaves the process."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from eloquence_pipeline.models import Side
from eloquence_pipeline.redaction import REDACTED, redact, redact_sdk_logs
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
