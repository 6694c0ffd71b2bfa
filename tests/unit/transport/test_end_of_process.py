"""How a process ends that has used the SDK."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

PROGRAM = """
import sys
import eloquence_pipeline.transport as transport
{uses}

def told(seconds):
    from livekit.rtc._ffi_client import FfiClient
    print(seconds, FfiClient._ffi_disposed)

transport.time.sleep = told
"""
USES_THE_SDK = "from livekit.rtc._ffi_client import FfiClient; FfiClient.instance"


def output_of(uses: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(uses=uses)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_callbacks_have_time_to_end_once_the_sdk_is_disposed_of() -> None:
    assert output_of(USES_THE_SDK) == "0.2 True\n"


def test_who_has_not_used_the_sdk_does_not_wait() -> None:
    assert output_of("") == ""
