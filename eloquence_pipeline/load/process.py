"""The process of a load cell: ``python -m eloquence_pipeline.load.process``.

It reads one JSON object a line from standard input and answers each with one on standard output:

    {"command": "join", "plan": …, "tokens": {"1": {"speaker": …, "listener": …}, …}}  → {"joined": [1, …]}
    {"command": "speak", "start_ns": …}                                                → {"spoken": true}
    {"command": "measure"}                                                             → {"result": …}

What went wrong is answered with ``{"error": …}``. It ends with its input, whatever it is doing, so it never
outlives who started it; what was recorded until then stays.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from typing import Any

from eloquence_pipeline.load.cell import Cell
from eloquence_pipeline.load.session import SessionTokens
from eloquence_pipeline.models.load import CellPlan
from eloquence_pipeline.redaction import RedactingFilter, redact, redacted_standard_error
from eloquence_pipeline.transport.quiet_process import undisturbed

INPUT = 0
LONGEST_LINE_BYTES = 1 << 28


class _Conversation:
    """What is asked, one line after the other, and the end of it."""

    def __init__(self) -> None:
        self._reader = asyncio.StreamReader(limit=LONGEST_LINE_BYTES)
        self._lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.over = asyncio.Event()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(INPUT, "rb")
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self._reader), pipe)

    async def read(self) -> None:
        """Read until the end, so that it is noticed also while something is going on."""
        while line := await self._reader.readline():
            self._lines.put_nowait(json.loads(line))
        self.over.set()
        self._lines.put_nowait(None)

    async def next(self) -> dict[str, Any] | None:
        """Return what is asked next; None at the end."""
        return await self._lines.get()


class _Answers:
    """Obeys the commands of one cell."""

    def __init__(self) -> None:
        self._cell: Cell | None = None

    async def to(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command."""
        match asked["command"]:
            case "join":
                tokens = {
                    int(number): SessionTokens.model_validate(pair)
                    for number, pair in asked["tokens"].items()
                }
                self._cell = Cell(CellPlan.model_validate(asked["plan"]), tokens)
                return {"joined": await self._cell.join()}
            case "speak":
                with undisturbed():
                    await self._known().speak(asked["start_ns"])
                return {"spoken": True}
            case "measure":
                # Only now: SciPy would be in the memory of a process that speaks.
                from eloquence_pipeline.load.analysis import measure_cell  # noqa: PLC0415

                result = await asyncio.to_thread(measure_cell, self._known())
                return {"result": result.model_dump(mode="json")}
            case other:
                return {"error": f"there is no command {other!r}"}

    def _known(self) -> Cell:
        if self._cell is None:
            raise RuntimeError("no plan was given")
        return self._cell

    async def stop(self) -> None:
        """End what is going on."""
        if self._cell is not None:
            await self._cell.stop("interrupted")


async def _serve() -> int:
    conversation, answers = _Conversation(), _Answers()
    await conversation.open()
    reading = asyncio.create_task(conversation.read())
    ending = asyncio.create_task(conversation.over.wait())
    while (asked := await conversation.next()) is not None:
        answering = asyncio.create_task(answers.to(asked))
        await asyncio.wait({answering, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            await answers.stop()
            await asyncio.wait({answering}, timeout=1)
            # An analysis in its thread would be waited for.
            os._exit(1)
        try:
            _say(answering.result())
        except Exception as error:
            _say({"error": redact(f"{type(error).__name__}: {error}")})
    reading.cancel()
    return 0


def _say(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


def main() -> int:
    """Carry the sessions of one cell, until the input ends."""
    # Ctrl-C is for whoever started this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handler = logging.StreamHandler()
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    # The SDK logs every retry of a connection as an error; what matters of it is in our own errors.
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    logging.getLogger("eloquence").setLevel(logging.ERROR)
    with redacted_standard_error():
        return asyncio.run(_serve())


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads of the SDK may still be busy; nothing of this process is needed any more.
    os._exit(code)
