"""The relay of the media packets: one thread that sleeps in ``select`` until one comes or is due."""

from __future__ import annotations

import heapq
import select
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND
from eloquence_pipeline.models import Direction, NetworkConditions, RelayedParticipant, RelayReport
from eloquence_pipeline.transport.network.candidates import ServerAddress
from eloquence_pipeline.transport.network.impairment import Impairment
from eloquence_pipeline.transport.network.packets import PacketKind, kind_of
from eloquence_pipeline.transport.network.tally import Lateness, Tally
from eloquence_pipeline.transport.network.upstream import LARGEST_PACKET, Upstream, udp_socket, upstream_to

LOOPBACK = "127.0.0.1"

_MOST_FLOWS = 256
_IDLE_SECONDS = 60.0
_ANSWER_SECONDS = 5.0

Address = tuple[str, int]
T = TypeVar("T")


class Member:
    """One participant: its conditions, its luck and its counts, over all its connections."""

    def __init__(self, identity: str, conditions: NetworkConditions) -> None:
        self.identity = identity
        self.tallies = {direction: Tally() for direction in Direction}
        now_ns = time.monotonic_ns()
        self.impairments = {
            direction: Impairment(direction, conditions.seed, conditions.of(direction), now_ns)
            for direction in Direction
        }

    def impair(self, conditions: NetworkConditions) -> None:
        """Change the conditions; the seed stays that of the beginning."""
        now_ns = time.monotonic_ns()
        for direction, impairment in self.impairments.items():
            impairment.change(conditions.of(direction), now_ns)

    def report(self) -> RelayedParticipant:
        """Return the counts so far."""
        counts = {str(direction): tally.count(direction) for direction, tally in self.tallies.items()}
        return RelayedParticipant(identity=self.identity, **counts)


@dataclass
class Front:
    """A socket that takes, from one participant, what is for one address of the server."""

    member: Member
    server: ServerAddress
    socket: socket.socket
    flows: dict[Address, Flow] = field(default_factory=lambda: {})


@dataclass
class Flow:
    """The packets between one address of a participant and the server, which sees one of the relay."""

    front: Front
    client: Address
    upstream: Upstream


class Waiting(NamedTuple):
    """A packet that is to be sent on; the earliest is the least."""

    due_ns: int
    number: int
    direction: Direction
    flow: Flow
    packet: bytes
    is_rtp: bool
    arrived_ns: int


class MediaRelay:
    """Sockets and waiting packets of all participants.

    All of it belongs to the relay's own thread; :meth:`ask` lets it do something for another one.
    """

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._fronts: dict[tuple[str, ServerAddress], Front] = {}
        self._front_of: dict[int, Front] = {}
        self._flow_of: dict[int, Flow] = {}
        self._waiting: list[Waiting] = []
        self._numbers = count()
        self._lateness = Lateness()
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._is_running = True
        self._thread = threading.Thread(target=self._run, name="media-relay", daemon=True)
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)

    def start(self) -> None:
        """Begin to relay, in a thread that ends with the process at the latest."""
        self._thread.start()

    def close(self) -> None:
        """Stop relaying; what waits is not sent."""
        self.ask(self._stop).result(_ANSWER_SECONDS)
        self._thread.join(_ANSWER_SECONDS)
        sockets = [front.socket for front in self._fronts.values()]
        sockets += [flow.upstream.socket for flow in self._flow_of.values()]
        for each in (*sockets, self._bell, self._button):
            each.close()

    def ask(self, action: Callable[[], T]) -> Future[T]:
        """Let the relay's thread do something, between two packets."""
        answer: Future[T] = Future()
        self._asked.put((action, answer))
        self._button.send(b"!")
        return answer

    def add(self, identity: str, conditions: NetworkConditions) -> None:
        """Know a participant, by its name."""
        member = Member(identity, conditions)
        self.ask(lambda: self._members.setdefault(identity, member)).result(_ANSWER_SECONDS)

    def impair(self, identity: str, conditions: NetworkConditions) -> None:
        """Change the conditions of a participant."""
        self.ask(lambda: self._members[identity].impair(conditions)).result(_ANSWER_SECONDS)

    def address_for(self, identity: str, server: ServerAddress) -> Address:
        """Return where a participant has to send what is for an address of the server."""
        return self.ask(lambda: self._front_for(identity, server)).result(_ANSWER_SECONDS)

    def addresses(self, identity: str) -> list[Address]:
        """Return all addresses that a participant was given."""

        def collect() -> list[Address]:
            return [
                front.socket.getsockname()
                for front in self._fronts.values()
                if front.member.identity == identity
            ]

        return self.ask(collect).result(_ANSWER_SECONDS)

    def report(self) -> RelayReport:
        """Return what was done so far."""
        return self.ask(self._report).result(_ANSWER_SECONDS)

    def _report(self) -> RelayReport:
        return RelayReport(
            participants=tuple(member.report() for member in self._members.values()),
            lateness_median_ms=self._lateness.at(0.5),
            lateness_p99_ms=self._lateness.at(0.99),
            lateness_max_ms=self._lateness.most_ms,
        )

    def _front_for(self, identity: str, server: ServerAddress) -> Address:
        known = self._fronts.get((identity, server))
        if known is None:
            made = udp_socket()
            made.bind((LOOPBACK, 0))
            known = Front(self._members[identity], server, made)
            self._fronts[identity, server] = self._front_of[made.fileno()] = known
        return known.socket.getsockname()

    def _stop(self) -> None:
        self._is_running = False

    def _run(self) -> None:
        while self._is_running:
            readable, writable, _ = select.select(
                [self._bell.fileno(), *self._front_of, *self._flow_of],
                [number for number, flow in self._flow_of.items() if flow.upstream.wants_to_write],
                [],
                self._seconds_until_due(),
            )
            self._send_due()
            for number in writable:
                self._flow_of[number].upstream.flush()
            for number in readable:
                if (front := self._front_of.get(number)) is not None:
                    self._from_participant(front)
                elif (flow := self._flow_of.get(number)) is not None:
                    self._from_server(flow)
                elif number == self._bell.fileno():
                    self._obey()
            self._send_due()

    def _seconds_until_due(self) -> float:
        if not self._waiting:
            return _IDLE_SECONDS
        return max(0.0, (self._waiting[0].due_ns - time.monotonic_ns()) / NANOSECONDS_PER_SECOND)

    def _obey(self) -> None:
        self._bell.recv(LARGEST_PACKET)
        while not self._asked.empty():
            action, answer = self._asked.get()
            try:
                answer.set_result(action())
            except BaseException as error:  # it is for whoever asked
                answer.set_exception(error)

    def _from_participant(self, front: Front) -> None:
        while True:
            try:
                packet, client = front.socket.recvfrom(LARGEST_PACKET)
            except OSError:  # nothing more, or the answer that nobody listened to an earlier packet
                return
            flow = front.flows.get(client) or self._new_flow(front, client)
            if flow is not None:
                self._take(Direction.UPLINK, flow, packet)

    def _from_server(self, flow: Flow) -> None:
        for packet in flow.upstream.receive():
            self._take(Direction.DOWNLINK, flow, packet)
        if flow.upstream.is_over:
            self._forget(flow)

    def _new_flow(self, front: Front, client: Address) -> Flow | None:
        if len(self._flow_of) >= _MOST_FLOWS:
            self._forget(next(iter(self._flow_of.values())))  # the oldest: that of a connection before this
        try:
            upstream = upstream_to(front.server)
        except OSError:
            return None  # no way from here to this address of the server: another one may be reached
        flow = front.flows[client] = Flow(front, client, upstream)
        self._flow_of[upstream.socket.fileno()] = flow
        return flow

    def _forget(self, flow: Flow) -> None:
        self._flow_of.pop(flow.upstream.socket.fileno(), None)
        flow.front.flows.pop(flow.client, None)
        flow.upstream.socket.close()

    def _take(self, direction: Direction, flow: Flow, packet: bytes) -> None:
        member, kind, arrived_ns = flow.front.member, kind_of(packet), time.monotonic_ns()
        fate = member.impairments[direction].fate(kind, len(packet), arrived_ns)
        member.tallies[direction].note(kind, packet, len(fate.due_ns), fate.cause)
        for due_ns in fate.due_ns:
            number, is_rtp = next(self._numbers), kind is PacketKind.RTP
            heapq.heappush(
                self._waiting, Waiting(due_ns, number, direction, flow, packet, is_rtp, arrived_ns)
            )

    def _send_due(self) -> None:
        while self._waiting and self._waiting[0].due_ns <= (now_ns := time.monotonic_ns()):
            due = heapq.heappop(self._waiting)
            self._lateness.note(now_ns - due.due_ns)
            if due.is_rtp:
                tally = due.flow.front.member.tallies[due.direction]
                tally.note_sent(due.packet, due.number, now_ns - due.arrived_ns)
            if due.direction is Direction.UPLINK:
                due.flow.upstream.send(due.packet)
            else:
                _send_to_participant(due.flow, due.packet)


def _send_to_participant(flow: Flow, packet: bytes) -> None:
    try:
        flow.front.socket.sendto(packet, flow.client)
    except OSError:
        return  # it has closed its socket, or the buffer is full: a network loses such a packet too
