"""Tokens are short-lived and have the least rights."""

from __future__ import annotations

import time

import pytest
from livekit import api
from livekit.api.access_token import Claims
from pydantic import SecretStr

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Side
from eloquence_pipeline.transport.tokens import mint_token

pytestmark = pytest.mark.unit

SECRET = SecretStr("s" * 32)


def claims(side: Side) -> Claims:
    token = mint_token(
        api_key="key",
        api_secret=SECRET,
        room="room-1",
        identity="someone",
        sides={side},
        valid_for_seconds=90,
    )
    return api.TokenVerifier("key", SECRET.get_secret_value()).verify(token.get_secret_value())


def test_a_publisher_may_publish_a_microphone_in_one_room_and_nothing_else() -> None:
    video = claims(Side.PUBLISHER).video
    assert video is not None
    assert (video.room_join, video.room) == (True, "room-1")
    assert video.can_publish_sources == ["microphone"]
    assert not video.can_subscribe
    assert not video.can_publish_data
    assert not any((video.room_admin, video.room_create, video.room_list, video.room_record, video.hidden))


def test_a_subscriber_may_only_listen() -> None:
    video = claims(Side.SUBSCRIBER).video
    assert video is not None
    assert video.can_subscribe
    assert not video.can_publish
    assert not video.can_publish_data
    assert not video.can_publish_sources


def test_a_token_ends_when_it_was_asked_to() -> None:
    import jwt  # noqa: PLC0415

    token = mint_token(
        api_key="key", api_secret=SECRET, room="r", identity="i", sides={Side.PUBLISHER}, valid_for_seconds=90
    )
    expires = jwt.decode(token.get_secret_value(), options={"verify_signature": False})["exp"]
    assert 80 <= expires - time.time() <= 91


def test_a_token_does_not_show_itself() -> None:
    token = mint_token(
        api_key="key", api_secret=SECRET, room="r", identity="i", sides={Side.PUBLISHER}, valid_for_seconds=90
    )
    assert token.get_secret_value() not in repr(token) + str(token)


@pytest.mark.parametrize(("key", "secret"), [("", "s" * 32), ("key", "")])
def test_missing_credentials_say_what_to_set(key: str, secret: str) -> None:
    with pytest.raises(ConfigurationError, match="LIVEKIT_API_KEY"):
        mint_token(
            api_key=key,
            api_secret=SecretStr(secret),
            room="r",
            identity="i",
            sides={Side.PUBLISHER},
            valid_for_seconds=90,
        )
