"""Asking a server over loopback whether it is ready."""

from __future__ import annotations

import http.client
from dataclasses import dataclass

import psutil

REQUEST_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class HealthCheck:
    """Requests that all have to be answered as expected, on a port that the server itself holds."""

    port: int
    paths: tuple[str, ...]
    status: int = 200
    host: str = "127.0.0.1"

    def passes(self, pid: int) -> bool:
        """Whether the process is ready now."""
        # The port is looked at first: in a race for it, another server would give the healthy answer.
        return _listens(pid, self.port) and all(self._answers(path) for path in self.paths)

    def _answers(self, path: str) -> bool:
        # http.client takes no proxy from the environment, unlike urllib.
        connection = http.client.HTTPConnection(self.host, self.port, timeout=REQUEST_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == self.status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _listens(pid: int, port: int) -> bool:
    try:
        sockets = psutil.Process(pid).net_connections("tcp")
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port for one in sockets)
