"""Sample the SDK's webrtc-stats while a call runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import Message
from livekit import rtc

from eloquence_pipeline.clock import monotonic_ns
from eloquence_pipeline.transport.disk_writer import MOST_WAITING_SECONDS, Feed

SAMPLE_INTERVAL_SECONDS = 0.5
ANSWER_SECONDS = 2.0

_KEPT_TYPES = {
    "inbound_rtp": "inbound-rtp",
    "outbound_rtp": "outbound-rtp",
    "remote_inbound_rtp": "remote-inbound-rtp",
    "remote_outbound_rtp": "remote-outbound-rtp",
    "candidate_pair": "candidate-pair",
    "local_candidate": "local-candidate",
    "remote_candidate": "remote-candidate",
    "codec": "codec",
}
"""The SDK's names of the statistics that are kept, and the W3C's."""


Sample = tuple[int, int, rtc.RtcStats]


class StatisticsSampler:
    """Take the statistics of one participant at even intervals.

    Parameters
    ----------
    room
        Returns the room that the participant is in now.
    interval_seconds
        Between two samples.

    Attributes
    ----------
    feed
        Of the samples as the SDK returns them. They become text in the writer's thread, one at a time:
        ``monotonic_ns`` and ``monotonic_after_ns`` enclose the moment of the sample; ``stats`` is a list of
        W3C dictionaries.
    """

    def __init__(
        self, room: Callable[[], rtc.Room], interval_seconds: float = SAMPLE_INTERVAL_SECONDS
    ) -> None:
        self.feed: Feed[Sample] = Feed(_to_json_lines, round(MOST_WAITING_SECONDS / SAMPLE_INTERVAL_SECONDS))
        self._room = room
        self._interval_seconds = interval_seconds
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin sampling."""
        self._task = asyncio.create_task(self._run(), name="statistics")

    async def stop(self) -> None:
        """Take a last sample and end; calling it again changes nothing."""
        if self._task is None:
            return
        self._stopping.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({self._task}, timeout=2)
        self._task = None

    async def _run(self) -> None:
        while True:
            stopping = self._stopping.is_set()
            # A room that is reconnecting or gone has no statistics; the gap in the samples says so.
            with contextlib.suppress(Exception):
                sampled_at_ns = monotonic_ns()
                # A room that is lost meanwhile may never answer.
                stats = await asyncio.wait_for(self._room().get_rtc_stats(), ANSWER_SECONDS)
                self.feed.put((sampled_at_ns, monotonic_ns(), stats))
            if stopping:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval_seconds)


def _to_json_lines(samples: Sequence[Sample]) -> bytes:
    rows = (
        {"monotonic_ns": before_ns, "monotonic_after_ns": after_ns, "stats": _to_w3c(stats)}
        for before_ns, after_ns, stats in samples
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _to_w3c(stats: rtc.RtcStats) -> list[dict[str, Any]]:
    # With a single peer connection everything is in the publisher's list; with two it is spread.
    return [
        {"type": _KEPT_TYPES[kind]} | _flattened(getattr(entry, kind))
        for entry in [*stats.publisher_stats, *stats.subscriber_stats]
        if (kind := entry.WhichOneof("stats")) in _KEPT_TYPES
    ]


def _flattened(message: Message) -> dict[str, Any]:
    """Return the scalar fields of `message` and of the dictionaries it is made of, in W3C names.

    The SDK nests what the W3C inherits (a stream is an RtpStream is a Stats); the W3C's dictionaries
    are flat.
    """
    values: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated or (field.has_presence and not message.HasField(field.name)):
            continue
        if field.message_type is not None:
            values |= _flattened(value)
        elif field.enum_type is not None:
            values[field.camelcase_name] = field.enum_type.values_by_number[value].name
        else:
            values[field.camelcase_name] = value
    return values
