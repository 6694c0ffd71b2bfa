"""Start load cells, let them speak together, and take what they measured."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.load.process import LONGEST_LINE_BYTES
from eloquence_pipeline.load.session import SessionTokens
from eloquence_pipeline.models.load import CellPlan, CellResult, NotMeasured
from eloquence_pipeline.redaction import redact

SETTLING_SECONDS = 2.0
"""After many have joined, thousands of the SDK's log records are dealt with first."""
SETTLING_SECONDS_PER_SESSION = 0.1
_END_SECONDS = 12.0


class Watcher(Protocol):
    """Whoever wants to know when there is load."""

    async def begin(self, start_ns: int) -> None:
        """All speak from `start_ns` on."""
        ...

    async def end(self) -> None:
        """All have spoken."""
        ...


class CellProcess:
    """One cell, in a process of its own that ends with this one.

    Parameters
    ----------
    plan
        What it is to carry.
    """

    def __init__(self, plan: CellPlan) -> None:
        self.plan = plan
        self.death = ""
        """Why it is not there any more; empty while it is."""
        self._process: Process | None = None

    async def start(self) -> None:
        """Start the process.

        Raises
        ------
        TransportError
            If this machine does not allow it.
        """
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "eloquence_pipeline.load.process",
                stdin=PIPE,
                stdout=PIPE,
                env={**os.environ, "PYTHONPATH": _python_path()},
                limit=LONGEST_LINE_BYTES,
                # Ctrl-C in the terminal is for whoever uses the cell; it ends with its input.
                start_new_session=True,
            )
        except OSError as error:
            raise TransportError(
                f"the process of a load cell cannot be started: {error.strerror}",
                remedy="free memory or processes on this machine",
            ) from None

    @property
    def pid(self) -> int:
        """Of its process; 0 before it has one."""
        return self._process.pid if self._process else 0

    async def ask(self, command: str, **more: Any) -> dict[str, Any]:
        """Let it carry out a command, and return its answer; empty if it is dead."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None or self.death:
            return {}
        try:
            process.stdin.write(json.dumps({"command": command, **more}).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        except (OSError, ValueError):
            line = b""
        if not line.endswith(b"\n"):
            self.death = (
                f"the process of cell {self.plan.number} has ended by itself ({await self._status()})"
            )
            return {}
        answer: dict[str, Any] = json.loads(line)
        if error := answer.get("error"):
            self.death = redact(f"cell {self.plan.number}: {error}")
        return answer

    async def _status(self) -> str:
        assert self._process is not None  # noqa: S101 - for the type checker
        with suppress(TimeoutError):
            code = await asyncio.wait_for(self._process.wait(), _END_SECONDS)
            return f"signal {-code}" if code < 0 else f"exit code {code}"
        return "it says nothing any more"

    async def stop(self) -> None:
        """Let it end, and wait until it has."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    def result(self, told: object) -> CellResult:
        """Return what it measured; of a dead cell, that it measured nothing."""
        if not self.death:
            return CellResult.model_validate(told)
        missing = [one.number for one in self.plan.sessions if one.is_measured]
        return CellResult(
            cell=self.plan.number,
            not_measured=tuple(
                NotMeasured(session=number, cell=self.plan.number, reason=self.death) for number in missing
            ),
        )


def _python_path() -> str:
    package = Path(__file__).resolve().parents[2]
    return os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])


async def settled(sessions: int) -> int:
    """Return when so many sessions, all of which have joined, may begin: the machine has settled then."""
    settling = SETTLING_SECONDS + SETTLING_SECONDS_PER_SESSION * sessions
    return monotonic_ns() + round(settling * NANOSECONDS_PER_SECOND)


async def run_cells(
    plans: Sequence[CellPlan],
    tokens: Mapping[int, SessionTokens],
    watchers: Sequence[Watcher] = (),
    agree: Callable[[int], Awaitable[int]] = settled,
) -> list[CellResult]:
    """Carry all sessions of some cells at once, and measure them.

    All cells join; when every session that can has joined, and the machine has settled, they begin to speak
    at one moment of the measuring clock. They measure when all have spoken. A cell that dies is reported, the
    others go on. To be cancelled at any time: the cells end then.

    Parameters
    ----------
    plans
        One a process.
    tokens
        Of every session, by its number; they reach a cell over its standard input.
    watchers
        Are told when there is load.
    agree
        Is told how many sessions have joined, and returns when they begin, on the measuring clock. What it
        raises ends the cells.

    Raises
    ------
    TransportError
        If no session at all could join.
    """
    cells = [CellProcess(plan) for plan in plans]
    try:
        await asyncio.gather(*(cell.start() for cell in cells))
        joined = await asyncio.gather(*(_join(cell, tokens) for cell in cells))
        if not any(joined):
            await _raise_why(cells)
        start_ns = await agree(sum(len(numbers) for numbers in joined))
        for watcher in watchers:
            await watcher.begin(start_ns)
        await asyncio.gather(*(cell.ask("speak", start_ns=start_ns) for cell in cells))
        for watcher in watchers:
            await watcher.end()
        told = await asyncio.gather(*(cell.ask("measure") for cell in cells))
        return [cell.result(answer.get("result")) for cell, answer in zip(cells, told, strict=True)]
    finally:
        await _stopped(cells)


async def run_cell(plan: CellPlan, tokens: Mapping[int, SessionTokens]) -> CellResult:
    """Carry and measure the sessions of one cell; see :func:`run_cells`."""
    (result,) = await run_cells([plan], tokens)
    return result


async def _join(cell: CellProcess, tokens: Mapping[int, SessionTokens]) -> list[int]:
    own = {
        str(one.number): {
            "speaker": tokens[one.number].speaker.get_secret_value(),
            "listener": tokens[one.number].listener.get_secret_value(),
        }
        for one in cell.plan.sessions
    }
    answer = await cell.ask("join", plan=cell.plan.model_dump(mode="json"), tokens=own)
    return answer.get("joined", [])


async def _raise_why(cells: Sequence[CellProcess]) -> None:
    told = await asyncio.gather(*(cell.ask("measure") for cell in cells))
    results = [cell.result(answer.get("result")) for cell, answer in zip(cells, told, strict=True)]
    reasons = [missing.reason for result in results for missing in result.not_measured]
    message, _, remedy = (reasons[0] if reasons else "no session could join").partition(" → ")
    raise TransportError(message, remedy=remedy)


async def _stopped(cells: Sequence[CellProcess]) -> None:
    stopping = asyncio.gather(*(cell.stop() for cell in cells))
    try:
        await asyncio.shield(stopping)
    except asyncio.CancelledError:
        await stopping
        raise
