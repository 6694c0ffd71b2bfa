"""What a LiveKit server says of itself while there is load: its Prometheus endpoint, once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND, NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.models.load import ServerFigures

Scrape = Mapping[str, float]
"""Sums over all labels but those that are in the name, by name."""

_POLL_SECONDS = 1.0
_ANSWER_SECONDS = 5.0

CPU, MEMORY, CORES = (
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "go_sched_gomaxprocs_threads",
)
_PACKETS, _SYSTEM_PACKETS = "livekit_packet_total", "livekit_node_packet_total"
_FORWARDED = "livekit_forward_latency_ns"
_NS_PER_MS = 1e6
_LONGEST_FORWARD_MS = 20.0
_P99 = 0.99


def parse(text: str) -> dict[str, float]:
    """Return what an endpoint says, summed over the labels that do not matter here.

    Of packets the direction is kept (``livekit_packet_total/incoming``), of the node's their type, and of the
    histogram of the forwarding time its bounds (``livekit_forward_latency_ns/20000000``).

    Raises
    ------
    ValueError
        If it is no text of Prometheus.
    """
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind = sample.labels.get("direction") or sample.labels.get("type") or sample.labels.get("le")
            wanted = sample.name in {_PACKETS, _SYSTEM_PACKETS, f"{_FORWARDED}_bucket"}
            name = f"{sample.name}/{kind}" if wanted and kind else sample.name
            sums[name] = sums.get(name, 0.0) + sample.value
    return sums


class ServerWatch:
    """Asks a server how it is, from a common start to the end.

    Parameters
    ----------
    metrics_url
        Its endpoint; empty asks nobody, and :attr:`figures` stays None.

    Attributes
    ----------
    figures
        After :meth:`end`; None if the server does not say.
    problem
        Why it does not.
    """

    def __init__(self, metrics_url: str) -> None:
        self.figures: ServerFigures | None = None
        self.problem = ""
        self._url = metrics_url
        self._task: asyncio.Task[None] | None = None
        self._first: tuple[float, Scrape] | None = None
        self._last: tuple[float, Scrape] | None = None
        self._slowest_ms = 0.0
        self._most_memory = 0.0

    async def begin(self, start_ns: int) -> None:
        """Ask from `start_ns` on."""
        if self._url:
            self._task = asyncio.create_task(self._run(start_ns), name="server-watch")

    async def _run(self, start_ns: int) -> None:
        await asyncio.sleep(max(0.0, (start_ns - monotonic_ns()) / NANOSECONDS_PER_SECOND))
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await self._ask(session)
                await asyncio.sleep(_POLL_SECONDS)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        began = time.monotonic()
        try:
            async with session.get(self._url) as answer:
                text = await answer.text()
                answer.raise_for_status()
            scrape = parse(text)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.problem = f"{self._url}: {type(error).__name__}: {error}".rstrip(": ")
            if not isinstance(error, TimeoutError):
                return
            scrape = {}
        now = time.monotonic()
        self._slowest_ms = max(self._slowest_ms, (now - began) * MILLISECONDS_PER_SECOND)
        if scrape:
            self._first = self._first or (now, scrape)
            self._last = now, scrape
            self._most_memory = max(self._most_memory, scrape.get(MEMORY, 0.0))

    async def end(self) -> None:
        """Ask no more."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._first is None or self._last is None or self._first[0] == self._last[0]:
            return
        (began, first), (ended, last) = self._first, self._last
        self.figures = server_figures(
            {name: value - first.get(name, 0.0) for name, value in last.items()},
            cores=round(last.get(CORES, 0)) or 1,
            seconds=ended - began,
            memory_bytes=round(self._most_memory),
            answer_max_ms=self._slowest_ms,
            is_on_this_machine=is_loopback(self._url),
        )


def server_figures(
    grown: Scrape,
    *,
    cores: int,
    seconds: float,
    memory_bytes: int,
    answer_max_ms: float,
    is_on_this_machine: bool,
) -> ServerFigures:
    """Return the figures of a server from what its counters have grown by.

    Parameters
    ----------
    grown
        By name, as :func:`parse` says.
    cores, seconds, memory_bytes, answer_max_ms, is_on_this_machine
        What the counters do not say.
    """
    bounds = sorted(
        (float(name.partition("/")[2]), count)
        for name, count in grown.items()
        if name.startswith(f"{_FORWARDED}_bucket/")
    )
    whole = grown.get(f"{_FORWARDED}_count", 0.0)
    within = {bound / _NS_PER_MS: count for bound, count in bounds}
    on_time = within.get(_LONGEST_FORWARD_MS, whole)
    return ServerFigures(
        cores=cores,
        cpu_ratio=max(0.0, grown.get(CPU, 0.0) / seconds),
        memory_bytes=memory_bytes,
        packets_in=_count(grown, f"{_PACKETS}/incoming"),
        packets_out=_count(grown, f"{_PACKETS}/outgoing"),
        packets_dropped=_count(grown, f"{_SYSTEM_PACKETS}/dropped"),
        forwarded_late_ratio=min(1.0, max(0.0, 1 - on_time / whole)) if whole else None,
        forwarded_within_ms=next(
            (
                bound
                for bound, count in within.items()
                if whole and count >= _P99 * whole and bound != float("inf")
            ),
            None,
        ),
        answer_max_ms=answer_max_ms,
        is_on_this_machine=is_on_this_machine,
    )


def _count(grown: Scrape, name: str) -> int:
    return max(0, round(grown.get(name, 0.0)))


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False
