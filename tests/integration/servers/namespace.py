"""A network namespace of one's own: ``lo`` and, if wanted, one interface on which every packet is counted.

Nothing that is sent there reaches a network: the interface is a TUN device whose other end is read
here. Needs Linux, and root or user namespaces; no program beside Python.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import tempfile
from collections import Counter
from pathlib import Path
from threading import Thread

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCADDRT, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x890B, 0x8914, 0x8916, 0x891C
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
IFF_UP, IFF_RUNNING, RTF_UP, RTF_GATEWAY = 0x1, 0x40, 0x1, 0x2

ADDRESS, GATEWAY, NETMASK = "10.77.0.1", "10.77.0.2", "255.255.255.0"
INTERFACE = "outer0"
PROTOCOLS = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}

_libc = ctypes.CDLL(None, use_errno=True)


def enter() -> None:
    """Move this process, which must have one thread, into a fresh namespace with ``lo`` up."""
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNET | CLONE_NEWNS
    if uid != 0:
        flags |= CLONE_NEWUSER
    _check(_libc.unshare(flags))
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    _bring_up("lo")


class OuterInterface:
    """An interface with an address, the default route and the name server behind it, and a packet count."""

    def __init__(self) -> None:
        self.packets: Counter[str] = Counter()
        self._device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self._device, TUNSETIFF, struct.pack("16sH14x", INTERFACE.encode(), IFF_TUN | IFF_NO_PI))
        _set_address(INTERFACE, SIOCSIFADDR, ADDRESS)
        _set_address(INTERFACE, SIOCSIFNETMASK, NETMASK)
        _bring_up(INTERFACE)
        _add_default_route(GATEWAY)
        _use_name_server(GATEWAY)
        Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            packet = os.read(self._device, 65536)
            # The kernel's own IPv6 router solicitations are neither TCP nor UDP.
            version = packet[0] >> 4
            protocol = PROTOCOLS.get(packet[9] if version == 4 else packet[6], "other")
            self.packets[protocol] += 1


def _bring_up(name: str) -> None:
    _ioctl(SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), IFF_UP | IFF_RUNNING))


def _set_address(name: str, request: int, address: str) -> None:
    _ioctl(request, struct.pack("16s16s", name.encode(), _sockaddr(address)))


def _add_default_route(gateway: str) -> None:
    # struct rtentry: pad, destination, gateway, netmask, flags, the rest zero.
    entry = struct.pack(
        "L16s16s16sH", 0, _sockaddr("0.0.0.0"), _sockaddr(gateway), _sockaddr("0.0.0.0"), RTF_UP | RTF_GATEWAY
    )
    _ioctl(SIOCADDRT, entry.ljust(120, b"\0"))


def _use_name_server(address: str) -> None:
    """A name server on loopback would hide a look-up of a public name from the count."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as file:
        file.write(f"nameserver {address}\noptions timeout:1 attempts:1\n")
    target = Path("/etc/resolv.conf").resolve()
    _check(_libc.mount(file.name.encode(), str(target).encode(), None, MS_BIND, None))
    Path(file.name).unlink()


def _sockaddr(address: str) -> bytes:
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _ioctl(request: int, argument: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, request, argument)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
