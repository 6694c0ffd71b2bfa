"""The relay's own way to one address of a server, for one address of a participant: UDP, or framed TCP."""

from __future__ import annotations

import socket
from typing import Protocol

from eloquence_pipeline.transport.network.candidates import ServerAddress

LARGEST_PACKET = 65_535
_BUFFER_BYTES = 4 << 20
_MOST_UNSENT_BYTES = 1 << 18
_LENGTH_BYTES = 2


class Upstream(Protocol):
    """A connected socket that carries packets."""

    @property
    def socket(self) -> socket.socket:
        """What ``select`` watches."""
        ...

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the socket can take it."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing will pass here any more."""
        ...

    def send(self, packet: bytes) -> None:
        """Send a packet; one that cannot be sent is lost."""
        ...

    def receive(self) -> list[bytes]:
        """Return the packets that have come."""
        ...

    def flush(self) -> None:
        """Send what waits."""
        ...


def upstream_to(address: ServerAddress) -> Upstream:
    """Return a way to one of a server's addresses.

    Raises
    ------
    OSError
        If this machine knows no way there.
    """
    return TcpUpstream(address) if address.transport == "tcp" else UdpUpstream(address)


def udp_socket(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """Return a socket that does not block and has room for bursts."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return made


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class UdpUpstream:
    """One datagram a packet."""

    wants_to_write = False
    is_over = False

    def __init__(self, address: ServerAddress) -> None:
        self.socket = udp_socket(_family(address.host))
        try:
            self.socket.connect((address.host, address.port))
        except OSError:
            self.socket.close()
            raise

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        try:
            self.socket.send(packet)
        except OSError:
            return  # nobody is there, or the buffer is full: a network loses such a packet too

    def receive(self) -> list[bytes]:
        """Return the packets that have come."""
        packets: list[bytes] = []
        while True:
            try:
                packets.append(self.socket.recv(LARGEST_PACKET))
            except OSError:  # nothing more, or the answer that nobody listened to an earlier packet
                return packets

    def flush(self) -> None:
        """Do nothing: datagrams do not wait."""


class TcpUpstream:
    """A length of two bytes before each packet (RFC 4571), as ICE over TCP has it (RFC 6544)."""

    def __init__(self, address: ServerAddress) -> None:
        self.is_over = False
        self.socket = socket.socket(_family(address.host), socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unsent = b""
        self._unread = b""
        self._connecting = True
        # The outcome of connecting is known when the socket can be written to.
        self.socket.connect_ex((address.host, address.port))

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits until the socket can take it."""
        return self._connecting or bool(self._unsent)

    def send(self, packet: bytes) -> None:
        """Send a packet, or keep it until the socket can take it."""
        if len(self._unsent) > _MOST_UNSENT_BYTES or len(packet) > LARGEST_PACKET:
            return  # it goes nowhere at the moment, and what is late is of no use
        self._unsent += len(packet).to_bytes(_LENGTH_BYTES, "big") + packet
        if not self._connecting:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        try:
            if self._connecting:
                self._connecting = False
                if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    self.is_over = True
                    return
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self.is_over = True

    def receive(self) -> list[bytes]:
        """Return the packets that have come whole."""
        try:
            while read := self.socket.recv(LARGEST_PACKET):
                self._unread += read
            self.is_over = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_over = True
        packets: list[bytes] = []
        while len(self._unread) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._unread[:_LENGTH_BYTES], "big")
            if len(self._unread) < end:
                break
            packets.append(self._unread[_LENGTH_BYTES:end])
            self._unread = self._unread[end:]
        return packets
