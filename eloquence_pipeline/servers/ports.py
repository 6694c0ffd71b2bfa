"""Loopback ports: choosing free ones, and saying who has a fixed one."""

from __future__ import annotations

import socket

import psutil

from eloquence_pipeline.errors import ServerError

LOOPBACK = "127.0.0.1"


def tcp_port(fixed: int, *, setting: str) -> int:
    """Return the fixed port if one is set and free, else a free port chosen by the system.

    Parameters
    ----------
    fixed
        The port of the settings; 0 takes any free one.
    setting
        The environment variable that sets it, for the remedy.

    Raises
    ------
    ServerError
        If the fixed port is taken.
    """
    if not fixed:
        return _free(socket.SOCK_STREAM)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As the servers do: connections of a former server in TIME_WAIT do not take the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, fixed))
    except OSError as error:
        raise ServerError(
            f"port {fixed} is taken by {_holder(fixed)}"
            if not isinstance(error, PermissionError)
            else f"port {fixed} may not be opened by this user",
            remedy=f"stop that process, or set {setting} to another port (0 takes a free one)",
        ) from None
    return fixed


def free_udp_port() -> int:
    """Return a UDP port that is free on loopback now."""
    return _free(socket.SOCK_DGRAM)


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _holder(port: int) -> str:
    try:
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
                return f"{psutil.Process(one.pid).name()} (pid {one.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return "another process"
