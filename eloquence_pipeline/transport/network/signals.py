"""LiveKit's signalling with the relay's addresses in the place of the server's and of the participant's.

What cannot be read is an error: passed on as it is, it could let the media go around the relay.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib

from google.protobuf.message import DecodeError
from livekit.protocol import rtc

from eloquence_pipeline.transport.network.candidates import (
    Relayed,
    names_candidate,
    relayed_description,
    relayed_trickle,
    without_candidates,
)


class NotUnderstoodError(Exception):
    """A message is none that this version of the protocol knows."""


def for_participant(message: bytes, relayed: Relayed) -> bytes:
    """Return what the server says, with every way around the relay taken out.

    Parameters
    ----------
    message
        A ``SignalResponse``.
    relayed
        Gives the relay's address for each of the server's.

    Raises
    ------
    NotUnderstoodError
        If it is none.
    """
    response = rtc.SignalResponse()
    try:
        response.ParseFromString(message)
        match response.WhichOneof("message"):
            case "offer":
                response.offer.sdp = relayed_description(response.offer.sdp, relayed)
            case "answer":
                response.answer.sdp = relayed_description(response.answer.sdp, relayed)
            case "trickle" if response.trickle.candidateInit:
                response.trickle.candidateInit = relayed_trickle(response.trickle.candidateInit, relayed)
            case "join":
                # Addresses that participants ask for their own, or that would pass media on for them.
                response.join.ClearField("ice_servers")
                response.join.ClearField("alternative_url")
                _let_any_way(response.join)
            case "reconnect":
                response.reconnect.ClearField("ice_servers")
                _let_any_way(response.reconnect)
            case "leave":
                response.leave.ClearField("regions")
            case _:
                return message
    except (DecodeError, ValueError, TypeError) as error:
        raise NotUnderstoodError(f"what the server says is not understood ({error})") from None
    return response.SerializeToString()


def for_server(message: bytes) -> bytes:
    """Return what a participant says, without its addresses; empty if nothing is left of it.

    Parameters
    ----------
    message
        A ``SignalRequest``.

    Raises
    ------
    NotUnderstoodError
        If it is none.
    """
    request = rtc.SignalRequest()
    try:
        request.ParseFromString(message)
        match request.WhichOneof("message"):
            case "offer":
                request.offer.sdp = without_candidates(request.offer.sdp)
            case "answer":
                request.answer.sdp = without_candidates(request.answer.sdp)
            case "sync_state":
                _strip_state(request.sync_state)
            case "trickle" if names_candidate(request.trickle.candidateInit):
                return b""
            case _:
                return message
    except (DecodeError, ValueError, TypeError) as error:
        raise NotUnderstoodError(f"what the SDK says is not understood ({error})") from None
    return request.SerializeToString()


def without_own_addresses(join_request: str) -> str:
    """Return the ``join_request`` of ``/rtc/v1`` without the participant's addresses.

    Parameters
    ----------
    join_request
        A ``WrappedJoinRequest`` in base64url, with or without padding.

    Raises
    ------
    NotUnderstoodError
        If it is none.
    """
    wrapped, request = rtc.WrappedJoinRequest(), rtc.JoinRequest()
    padded = join_request + "=" * (-len(join_request) % 4)
    try:
        wrapped.ParseFromString(base64.b64decode(padded, altchars=b"-_", validate=True))
        zipped = wrapped.compression == rtc.WrappedJoinRequest.GZIP
        request.ParseFromString(gzip.decompress(wrapped.join_request) if zipped else wrapped.join_request)
    except (DecodeError, binascii.Error, zlib.error, OSError, EOFError, ValueError) as error:
        raise NotUnderstoodError(f"the SDK's request to join is not understood ({error})") from None
    if request.HasField("publisher_offer"):
        request.publisher_offer.sdp = without_candidates(request.publisher_offer.sdp)
    if request.HasField("sync_state"):
        _strip_state(request.sync_state)
    plain = request.SerializeToString()
    wrapped.join_request = gzip.compress(plain) if zipped else plain
    return base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()


def _let_any_way(answer: rtc.JoinResponse | rtc.ReconnectResponse) -> None:
    if answer.HasField("client_configuration"):
        answer.client_configuration.ClearField("force_relay")


def _strip_state(state: rtc.SyncState) -> None:
    for description in ("offer", "answer"):
        if state.HasField(description):
            held = getattr(state, description)
            held.sdp = without_candidates(held.sdp)
