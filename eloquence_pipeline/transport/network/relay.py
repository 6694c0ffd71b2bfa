"""The relay's own process: ``python -m eloquence_pipeline.transport.network.relay``.

It reads one JSON object a line from standard input and answers each with one on standard output: first where
to listen and where the server is, then conditions and questions. It ends with its input, so never
outlives who started it. One thread, which sleeps in ``select`` until a packet comes or is due: in a process
that does anything else, that would delay packets by milliseconds of its own.
"""

from __future__ import annotations

import gc
import heapq
import json
import os
import select
import socket
import sys
import time
from collections import deque
from itertools import count
from typing import Any

from eloquence_pipeline.models import Direction, NetworkConditions, RelayReport
from eloquence_pipeline.transport.network.flow import Address, Flow

_LARGEST_PACKET = 65_536
_BUFFER_BYTES = 4 << 20
_MOST_FLOWS = 256
_KEPT_LATENESSES = 100_000
_NS_PER_SECOND = 1_000_000_000
_NS_PER_MS = 1_000_000
_IDLE_SECONDS = 60.0
_INPUT = 0


class Relay:
    """Sockets, waiting packets and conditions.

    Parameters
    ----------
    listen
        Address that participants send to.
    server
        Address of the server's media port.
    conditions
        What the network does to everybody for whom nothing else is said.
    """

    def __init__(self, listen: Address, server: Address, conditions: NetworkConditions) -> None:
        self._server = server
        self._everybody = conditions
        self._by_ufrag: dict[str, NetworkConditions] = {}
        self._flows: dict[Address, Flow] = {}
        self._waiting: list[tuple[int, int, Direction, Flow, bytes]] = []
        self._order = count()
        self._lateness_ns: deque[int] = deque(maxlen=_KEPT_LATENESSES)
        self._front = _udp_socket()
        self._front.bind(listen)
        self._upstreams: dict[int, Flow] = {}
        self._input = b""

    def run(self) -> None:
        """Relay until the input ends."""
        while True:
            sources = [_INPUT, self._front.fileno(), *self._upstreams]
            readable, _, _ = select.select(sources, [], [], self._seconds_until_due())
            self._send_due()
            for source in readable:
                if source in self._upstreams:
                    self._from_server(self._upstreams[source])
                elif source != _INPUT:
                    self._from_participants()
                elif not self._obey():
                    return
            self._send_due()

    def _seconds_until_due(self) -> float:
        if not self._waiting:
            return _IDLE_SECONDS
        return max(0.0, (self._waiting[0][0] - time.monotonic_ns()) / _NS_PER_SECOND)

    def _from_participants(self) -> None:
        while (received := _receive(self._front)) is not None:
            packet, client = received
            flow = self._flows.get(client) or self._new_flow(client)
            if flow is None:
                continue
            if flow.newly_named(packet):
                flow.impair(self._by_ufrag.get(flow.ufrag, self._everybody))
            self._queue(Direction.UPLINK, flow, packet)

    def _from_server(self, flow: Flow) -> None:
        while (received := _receive(flow.upstream)) is not None:
            self._queue(Direction.DOWNLINK, flow, received[0])

    def _new_flow(self, client: Address) -> Flow | None:
        if len(self._flows) >= _MOST_FLOWS:
            return None
        upstream = _udp_socket()
        upstream.connect(self._server)
        flow = self._flows[client] = Flow(client, upstream, self._everybody)
        self._upstreams[upstream.fileno()] = flow
        return flow

    def _queue(self, direction: Direction, flow: Flow, packet: bytes) -> None:
        due_ns = flow.take(direction, packet, time.monotonic_ns())
        if due_ns is not None:
            heapq.heappush(self._waiting, (due_ns, next(self._order), direction, flow, packet))

    def _send_due(self) -> None:
        while self._waiting and self._waiting[0][0] <= (now_ns := time.monotonic_ns()):
            due_ns, _, direction, flow, packet = heapq.heappop(self._waiting)
            self._lateness_ns.append(now_ns - due_ns)
            try:
                if direction is Direction.UPLINK:
                    flow.upstream.send(packet)
                else:
                    self._front.sendto(packet, flow.client)
            except OSError:
                continue  # nobody is there, or the buffer is full: a network loses such a packet too

    def _obey(self) -> bool:
        """Read what there is of commands and answer them; return whether there may come more."""
        read = os.read(_INPUT, _LARGEST_PACKET)
        *lines, self._input = (self._input + read).split(b"\n")
        for line in lines:
            _answer(self._command(json.loads(line)))
        return bool(read)

    def _command(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "conditions" in asked:
            self._impair(NetworkConditions.model_validate(asked["conditions"]), asked["ufrag"])
            return {}
        return self._report().model_dump(mode="json")

    def _impair(self, conditions: NetworkConditions, ufrag: str) -> None:
        if ufrag:
            self._by_ufrag[ufrag] = conditions
        else:
            self._everybody = conditions
        for flow in self._flows.values():
            flow.impair(self._by_ufrag.get(flow.ufrag, self._everybody))

    def _report(self) -> RelayReport:
        late = sorted(self._lateness_ns) or [0]
        return RelayReport(
            participants=tuple(flow.report() for flow in self._flows.values()),
            lateness_median_ms=late[len(late) // 2] / _NS_PER_MS,
            lateness_p99_ms=late[int(len(late) * 0.99)] / _NS_PER_MS,
            lateness_max_ms=late[-1] / _NS_PER_MS,
        )


def _udp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return made


def _receive(source: socket.socket) -> tuple[bytes, Address] | None:
    try:
        return source.recvfrom(_LARGEST_PACKET)
    except OSError:  # nothing more there, or the answer that nobody listened to an earlier packet
        return None


def _first_line() -> bytes:
    """Return the first line of the input and read nothing beyond it, which `select` would not see."""
    line = b""
    while not line.endswith(b"\n") and (read := os.read(_INPUT, 1)):
        line += read
    return line


def _answer(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


def main() -> int:
    """Relay what the first line of the input names."""
    asked = json.loads(_first_line())
    conditions = NetworkConditions.model_validate(asked["conditions"])
    try:
        relay = Relay(tuple(asked["listen"]), tuple(asked["server"]), conditions)
    except OSError as error:
        _answer({"error": str(error.strerror or error)})
        return 1
    _answer({})
    # A full collection walks everything that was imported; it would be the packets' delay.
    gc.collect()
    gc.freeze()
    gc.disable()
    relay.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
