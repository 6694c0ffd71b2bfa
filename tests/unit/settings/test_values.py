"""Addresses and room names: what is taken, and what a wrong one is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from eloquence_pipeline.settings.values import BucketName, LiveKitUrl, RoomName, StoreUrl, shown

pytestmark = pytest.mark.unit


def refusal(kind: Any, value: str) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    (error,) = refused.value.errors()
    return error["msg"]


@pytest.mark.parametrize(
    "url",
    ["", "ws://localhost:7880", "wss://example.invalid", "ws://[::1]:7880", "wss://example.invalid/voice/"],
)
def test_addresses_of_livekit(url: str) -> None:
    assert TypeAdapter(LiveKitUrl).validate_python(url) == url


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://localhost:7880", 'did you mean "ws://localhost:7880"?'),
        ("https://example.invalid", 'did you mean "wss://example.invalid"?'),
        ("WSS://example.invalid", 'did you mean "wss://example.invalid"?'),
        ("localhost:7880", 'did you mean "ws://localhost:7880"?'),
        ("ftp://example.invalid", "must start with ws:// or wss://"),
        ("localhost", "must start with ws:// or wss://"),
        ("ws://", "names no host"),
        ("ws://:7880", "names no host"),
        ("ws:///path", "names no host"),
        ("ws://host:port", "names no host and port that can be read"),
        ("ws://host:99999", "names no host and port that can be read"),
        ("ws://[::1", "names no host and port that can be read"),
        ("ws://user:hush@host", "must not hold a user name or password"),
        ("ws://host?access_token=hush", "without ? or #"),
        ("ws://host#hush", "without ? or #"),
        (" ws://host", "must not hold a space"),
        ("ws://host\n", "must not hold a space or a control character"),
        ("ws://ho\u202dst\x00", "control character"),
    ],
)
def test_what_is_no_address_of_livekit(url: str, part: str) -> None:
    message = refusal(LiveKitUrl, url)
    assert part in message
    assert "hush" not in message


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9000", "https://s3.example.invalid/"])
def test_addresses_of_a_store(url: str) -> None:
    assert TypeAdapter(StoreUrl).validate_python(url) == url


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("minio:9000", 'did you mean "http://minio:9000"?'),
        ("s3://bucket", "must start with http:// or https://"),
        ("https://key:hush@s3.example.invalid", "must not hold a user name or password"),
    ],
)
def test_what_is_no_address_of_a_store(url: str, part: str) -> None:
    message = refusal(StoreUrl, url)
    assert part in message
    assert "hush" not in message


@pytest.mark.parametrize("name", ["test_coaching_vocal", "salle d'été n° 3", "x" * 100, "声"])
def test_room_names(name: str) -> None:
    assert TypeAdapter(RoomName).validate_python(name) == name


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "blank"),
        (" \t", "blank"),
        ("a/b", "slash"),
        ("a\\b", "backslash"),
        ("a\nb", "control character"),
        ("a\x1b[2Jb", "control character"),
        ("x" * 101, "at most 100 characters, not 101"),
    ],
)
def test_what_is_no_room_name(name: str, part: str) -> None:
    message = refusal(RoomName, name)
    assert part in message
    assert message.isprintable()


@pytest.mark.parametrize("name", ["", "eloquence", "My_Bucket", "a.b-c", "x" * 255])
def test_bucket_names(name: str) -> None:
    assert TypeAdapter(BucketName).validate_python(name) == name


@pytest.mark.parametrize("name", ["My Bucket", "a/b", "s3://eloquence", "été", "x" * 256, "a\n"])
def test_what_is_no_bucket_name(name: str) -> None:
    message = refusal(BucketName, name)
    assert "letters, digits" in message
    assert message.isprintable()


def test_a_value_in_a_message_is_short_and_harmless() -> None:
    assert shown("é\x1b\u2028") == '"é\\u001b\\u2028"'
    assert len(shown("x" * 1000)) == 61
