"""Every UDP packet on loopback, with the time at which the kernel took it."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
import time
from types import TracebackType
from typing import NamedTuple, Self

from calibration.captured.packets import Packet, parse
from eloquence_pipeline.errors import ConfigurationError

_LOOPBACK = "lo"
_ETH_P_IP = 0x0800
"""Of this protocol alone a packet on loopback is seen once, as it comes in; of all, going out as well."""
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE, _SO_TIMESTAMPNS = 26, 33, 35
_SNAP_BYTES = 128
"""The headers of IPv4 (60 at most), UDP (8) and RTP (12) are in it."""
_BUFFER_BYTES = 32 << 20
_ANCILLARY_BYTES = 128
_TIMESPEC = struct.Struct("@ll")
_STATISTICS = struct.Struct("@II")
_INSTRUCTION = struct.Struct("@HBBI")
_UDP_ONLY = (
    (0x30, 0, 0, 9),  # load the byte of the protocol
    (0x15, 0, 1, 17),  # UDP?
    (0x06, 0, 0, _SNAP_BYTES),
    (0x06, 0, 0, 0),
)
_QUIET_SECONDS = 0.2
_NS_PER_SECOND = 1_000_000_000
_CLOCK_READINGS = 50


class Captured(NamedTuple):
    """What was seen.

    Attributes
    ----------
    packets
        In the order in which the kernel took them.
    lost
        How many the kernel could not hand over; with any, nothing here proves anything.
    wall_minus_monotonic_ns
        Takes a packet's time to the measuring clock.
    clock_drift_ns
        By how much that changed meanwhile.
    """

    packets: list[Packet]
    lost: int
    wall_minus_monotonic_ns: int
    clock_drift_ns: int


class Sniffer:
    """Capture while a ``with`` block lasts.

    Raises
    ------
    ConfigurationError
        On entering, if this machine or this user may not.
    """

    def __init__(self) -> None:
        self._socket = _raw_socket()
        self._seen: list[tuple[int, bytes]] = []
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sniffer", daemon=True)
        self._offset_ns = 0
        self.captured: Captured | None = None
        """Set when the block is left."""

    def __enter__(self) -> Self:
        self._offset_ns = _wall_minus_monotonic_ns()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_ending.set()
        self._thread.join()
        # Of the packets that passed the filter; reading the counts sets them to zero.
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        _, lost = _STATISTICS.unpack(statistics)
        self.close()
        after_ns = _wall_minus_monotonic_ns()
        packets = [packet for at_ns, data in self._seen if (packet := parse(at_ns, data)) is not None]
        packets.sort(key=lambda packet: packet.at_ns)
        self.captured = Captured(packets, lost, (self._offset_ns + after_ns) // 2, after_ns - self._offset_ns)

    def close(self) -> None:
        """Give the socket back; a ``with`` block does it by itself."""
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                data, ancillary, _, address = self._socket.recvmsg(_SNAP_BYTES, _ANCILLARY_BYTES)
            except TimeoutError:
                if self._is_ending.is_set():
                    return
                continue
            if address[2] != socket.PACKET_HOST:
                continue
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                    seconds, nanoseconds = _TIMESPEC.unpack(value)
                    self._seen.append((seconds * _NS_PER_SECOND + nanoseconds, data))


def _raw_socket() -> socket.socket:
    if not hasattr(socket, "AF_PACKET"):
        raise ConfigurationError("packets are captured on Linux only", remedy="run this on Linux")
    try:
        made = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    except PermissionError:
        raise ConfigurationError(
            "packets on loopback may not be captured (CAP_NET_RAW)",
            remedy="run it as root, or in a container with --cap-add NET_RAW; nothing else here needs that",
        ) from None
    made.settimeout(_QUIET_SECONDS)
    program = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*line) for line in _UDP_ONLY))
    made.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(_UDP_ONLY), ctypes.addressof(program))
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    except PermissionError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    made.bind((_LOOPBACK, _ETH_P_IP))
    return made


def _wall_minus_monotonic_ns() -> int:
    """Return the difference of the clocks, from the reading that took the least time."""
    readings: list[tuple[int, int]] = []
    for _ in range(_CLOCK_READINGS):
        before_ns, wall_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        readings.append((after_ns - before_ns, wall_ns - (before_ns + after_ns) // 2))
    return min(readings)[1]
