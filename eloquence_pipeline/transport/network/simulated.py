"""A network that can be made worse at will, between this machine's participants and a server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self, cast

from livekit import rtc

from eloquence_pipeline.errors import ConnectTimeout, TransportError
from eloquence_pipeline.models import NetworkConditions, RelayedParticipant, RelayReport
from eloquence_pipeline.redaction import redact

_CLEAN = NetworkConditions()
_END_SECONDS = 5.0
_PATH_SECONDS = 5.0
_POLL_SECONDS = 0.05
_NOT_UNDERSTOOD = "report it with the versions of server and SDK; without --network the test runs directly"


class SimulatedNetwork:
    """A signalling proxy and a relay, in one process of their own, in front of any LiveKit server.

    Each participant has an address of its own to connect to. What the server tells it is rewritten so that
    all of its media goes through the relay, which loses, delays, doubles and counts packets. Nothing is asked
    of the server, and no rights on the machine. It exists while the ``async with`` block lasts.

    While it does nothing it adds 0.1 to 0.2 ms a direction: see ``docs/adr/0009-simulated-networks.md``.

    Parameters
    ----------
    url
        The server, ``ws://`` or ``wss://``.
    ca_file
        Certificates (PEM) that are trusted besides those of the system, for a server with its own authority.

    Raises
    ------
    TransportError
        On entering, if the process cannot be started.

    Examples
    --------
    ::

        async with SimulatedNetwork("wss://livekit.example") as network:
            path = await network.open("speaker")
            await participant.connect(url, token, path)
            await path.impair(NetworkConditions(uplink=DirectionConditions(packet_loss_rate=0.05)))
            print(await network.report())
    """

    def __init__(self, url: str, *, ca_file: Path | None = None) -> None:
        self.url = url
        self._ca_file = ca_file
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    async def open(self, identity: str, conditions: NetworkConditions = _CLEAN) -> NetworkPath:
        """Give a participant its way to the server, or the one that it has already.

        Parameters
        ----------
        identity
            Under which it is reported; it may connect, leave and come back.
        conditions
            What the network does to it from its first packet on; those of a way that is there already stay.

        Raises
        ------
        TransportError
            If the process is not there any more.
        """
        answer = await self._ask("open", identity=identity, conditions=conditions.model_dump(mode="json"))
        return NetworkPath(self, identity, answer["url"])

    async def impair(self, identity: str, conditions: NetworkConditions) -> None:
        """Change what the network does to a participant, also in mid-call; packets under way keep their time.

        The seed stays that of the beginning, and so does the luck of each packet.

        Raises
        ------
        TransportError
            If the participant has no way here, or the process is not there any more.
        """
        await self._ask("impair", identity=identity, conditions=conditions.model_dump(mode="json"))

    async def report(self) -> RelayReport:
        """Return what was done so far.

        Raises
        ------
        TransportError
            If the process is not there any more.
        """
        return RelayReport.model_validate((await self._ask("report"))["report"])

    async def addresses(self, identity: str) -> set[tuple[str, int]]:
        """Return the relay's addresses that a participant was told in the place of the server's."""
        answer = await self._ask("addresses", identity=identity)
        return {(host, port) for host, port in answer["addresses"]}

    async def problem(self, identity: str) -> str:
        """Return why a participant's server could not be reached or understood; empty if it was."""
        return redact((await self._ask("problem", identity=identity))["problem"])

    async def _ask(self, command: str, **more: Any) -> dict[str, Any]:
        answer = await asyncio.to_thread(self._exchange, {"command": command, **more})
        if error := answer.get("error"):
            raise TransportError(f"the simulated network could not do this: {error}", remedy=_NOT_UNDERSTOOD)
        return answer

    def _exchange(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                raise TransportError("the simulated network does not run", remedy="use it in a with block")
            try:
                process.stdin.write(json.dumps(question).encode() + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except (OSError, ValueError):
                answer = b""
        if not answer:
            raise TransportError(
                "the process of the simulated network has ended by itself",
                remedy="its last words are on standard error; start the test again",
            )
        return cast(dict[str, Any], json.loads(answer))

    def _start(self) -> None:
        package = Path(__file__).resolve().parents[3]
        path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "eloquence_pipeline.transport.network.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                # Ctrl-C in the terminal is for whoever uses the network; it ends with its input.
                start_new_session=True,
            )
        except OSError as error:
            raise TransportError(
                f"the process of the simulated network cannot be started: {error.strerror}",
                remedy="free memory or processes on this machine",
            ) from None
        ca_file = str(self._ca_file) if self._ca_file else ""
        refused = self._exchange({"url": self.url, "ca_file": ca_file}).get("error")
        if refused:
            raise TransportError(
                f"the certificates cannot be read: {refused}", remedy="name a PEM file in network.ca_file"
            )

    def _stop(self) -> None:
        with self._lock:
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

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._start)
        except BaseException:
            self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._stop)


class NetworkPath:
    """The way of one participant through a simulated network.

    Attributes
    ----------
    url
        What the participant connects to in the place of the server.
    """

    def __init__(self, network: SimulatedNetwork, identity: str, url: str) -> None:
        self.url = url
        self._network = network
        self._identity = identity

    async def impair(self, conditions: NetworkConditions) -> None:
        """Change the conditions; see :meth:`SimulatedNetwork.impair`."""
        await self._network.impair(self._identity, conditions)

    async def report(self) -> RelayedParticipant:
        """Return what was done to the participant so far."""
        return (await self._network.report()).of(self._identity)

    async def refusal(self) -> TransportError | None:
        """Return why the server could not be reached, if the proxy knows more than the participant does."""
        problem = await self._network.problem(self._identity)
        if not problem:
            return None
        if "understood" in problem:
            return TransportError(f"a network cannot be simulated here: {problem}", remedy=_NOT_UNDERSTOOD)
        return ConnectTimeout(
            f"LiveKit at {self._network.url} cannot be reached ({problem})",
            remedy="check that the server is running and LIVEKIT_URL is right (ws:// or wss://); "
            "a certificate of your own authority goes into network.ca_file",
        )

    async def require_used(self, room: rtc.Room) -> None:
        """Make sure that the media of a connected participant really goes through the relay.

        Raises
        ------
        TransportError
            If it goes another way: then nothing would happen to it, and nobody would notice.
        """
        told = await self._network.addresses(self._identity)
        deadline = asyncio.get_running_loop().time() + _PATH_SECONDS
        while not (used := await _remote_addresses(room)):
            if asyncio.get_running_loop().time() > deadline:
                raise TransportError(
                    f"no media path through the simulated network came up within {_PATH_SECONDS:.0f} s",
                    remedy="run the test without --network to see whether the server can be reached at all",
                )
            await asyncio.sleep(_POLL_SECONDS)
        if around := used - told:
            host, port = min(around)
            raise TransportError(
                f"the media goes to {host}:{port}, around the simulated network", remedy=_NOT_UNDERSTOOD
            )


async def _remote_addresses(room: rtc.Room) -> set[tuple[str, int]]:
    """Return where the selected candidate pairs of a participant send."""
    stats = await room.get_rtc_stats()
    entries = [*stats.publisher_stats, *stats.subscriber_stats]
    remote_of: dict[str, str] = {}
    addresses: dict[str, tuple[str, int]] = {}
    selected: list[str] = []
    for entry in entries:
        match entry.WhichOneof("stats"):
            case "candidate_pair":
                pair = entry.candidate_pair
                remote_of[pair.rtc.id] = pair.candidate_pair.remote_candidate_id
            case "remote_candidate":
                remote = entry.remote_candidate
                addresses[remote.rtc.id] = (remote.candidate.address, remote.candidate.port)
            case "transport":
                selected.append(entry.transport.transport.selected_candidate_pair_id)
            case _:
                pass
    used = [remote_of.get(pair, "") for pair in selected]
    return {addresses[remote] for remote in used if remote in addresses}
