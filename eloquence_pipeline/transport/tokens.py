"""Access tokens: short-lived, with the least rights that do the job."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from datetime import timedelta

from livekit import api
from pydantic import SecretStr

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Side


def accept_short_secrets() -> None:
    """Let PyJWT say nothing about short secrets: that of ``livekit-server --dev`` has six characters.

    How good a secret has to be is the business of its server.
    """
    warnings.filterwarnings("ignore", message="The HMAC key is")


def mint_token(
    *,
    api_key: str,
    api_secret: SecretStr,
    room: str,
    identity: str,
    sides: Collection[Side],
    valid_for_seconds: int,
) -> SecretStr:
    """Make a token that lets one participant speak, listen, or both, in one room.

    Parameters
    ----------
    api_key, api_secret
        Credentials of the LiveKit server.
    room, identity
        The only room, and the name, that the token is good for.
    sides
        A publisher may publish a microphone and nothing else; a subscriber may only subscribe.
    valid_for_seconds
        Time within which the token can be used to join.

    Returns
    -------
    SecretStr
        The token; it never shows in a log or a representation.

    Raises
    ------
    ConfigurationError
        If key or secret are empty.
    """
    if not api_key or not api_secret.get_secret_value():
        raise ConfigurationError(
            "no LiveKit credentials", remedy="set LIVEKIT_API_KEY and LIVEKIT_API_SECRET beside LIVEKIT_URL"
        )
    publishes = Side.PUBLISHER in sides
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=publishes,
        can_publish_sources=["microphone"] if publishes else [],
        can_publish_data=False,
        can_subscribe=Side.SUBSCRIBER in sides,
        can_update_own_metadata=False,
    )
    token = (
        api.AccessToken(api_key, api_secret.get_secret_value())
        .with_identity(identity)
        .with_ttl(timedelta(seconds=valid_for_seconds))
        .with_grants(grants)
    )
    accept_short_secrets()
    return SecretStr(token.to_jwt())
