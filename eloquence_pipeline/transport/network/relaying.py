"""Starting the relay and telling it what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self, cast

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import NetworkConditions, RelayReport
from eloquence_pipeline.transport.network.flow import Address

_END_SECONDS = 5.0
_GONE = "the relay has ended by itself"


class ImpairingRelay:
    """A relay in a process of its own, between participants and the media port of a server.

    The server has to name the relay's address to its participants as its own, and nobody may reach the
    server around it. The relay runs while the ``with`` block lasts.

    Parameters
    ----------
    listen
        Address that participants are told.
    server
        Address of the server's media port (UDP).
    conditions
        What the network does to all participants, from their first packet on.

    Raises
    ------
    TransportError
        On entering, if the address cannot be had.
    """

    def __init__(self, listen: Address, server: Address, conditions: NetworkConditions | None = None) -> None:
        self._first = {"listen": listen, "server": server, "conditions": _dumped(conditions)}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def impair(self, conditions: NetworkConditions, ufrag: str = "") -> None:
        """Change what the network does, also in mid-call; packets that wait keep their time.

        Parameters
        ----------
        conditions
            From now on.
        ufrag
            Of the participant that is meant, known by its ICE user name fragment; all others, when empty.

        Raises
        ------
        TransportError
            If the relay is not there any more.
        """
        self._ask({"conditions": _dumped(conditions), "ufrag": ufrag})

    def report(self) -> RelayReport:
        """Return what the relay has done so far.

        Raises
        ------
        TransportError
            If the relay is not there any more.
        """
        return RelayReport.model_validate(self._ask({"report": True}))

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise TransportError("the relay does not run", remedy="use it in a with block")
        with self._lock:
            try:
                process.stdin.write(json.dumps(question).encode() + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except OSError:
                answer = b""
        if not answer:
            raise TransportError(_GONE, remedy="its last words are on standard error")
        return cast(dict[str, Any], json.loads(answer))

    def __enter__(self) -> Self:
        package = Path(__file__).resolve().parents[3]
        path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "eloquence_pipeline.transport.network.relay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C in the terminal is for whoever uses the relay; it ends with its input.
            start_new_session=True,
        )
        try:
            refused = self._ask(self._first).get("error")
        except BaseException:
            self._stop()
            raise
        if refused:
            self._stop()
            host, port = cast(Address, self._first["listen"])
            raise TransportError(
                f"the relay cannot have the address {host}:{port} ({refused})",
                remedy="choose another port; other loopback addresses than 127.0.0.1 are Linux's",
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dumped(conditions: NetworkConditions | None) -> dict[str, Any]:
    return (conditions or NetworkConditions()).model_dump(mode="json")
