"""The process of a simulated network: ``python -m eloquence_pipeline.transport.network.process``.

It reads one JSON object a line from standard input and answers each with one on standard output: first
which server is meant, then participants, conditions and questions. It ends with its input, so never outlives
who started it. The media has a thread of its own that sleeps until a packet comes or is due; the signalling,
which is rare, has the main one. In a process that does anything else, packets would wait for milliseconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
from functools import partial
from typing import Any

from eloquence_pipeline.models import NetworkConditions
from eloquence_pipeline.redaction import RedactingFilter
from eloquence_pipeline.transport.network.media import LOOPBACK, MediaRelay
from eloquence_pipeline.transport.network.proxy import SignallingProxy

_INPUT = 0
_LONGEST_LINE = 1 << 20
_SWITCH_INTERVAL_SECONDS = 0.0005
"""How long the signalling may hold up the media; Python's own is 5 ms."""


class Network:
    """What the commands are about: the relay of the media and the proxy of the signalling."""

    def __init__(self, url: str, ca_file: str) -> None:
        self._media = MediaRelay()
        self._proxy = SignallingProxy(
            url, ca_file, lambda identity: partial(self._media.address_for, identity)
        )
        self._media.start()

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Obey one command."""
        match asked["command"]:
            case "open":
                return await self._open(asked["identity"], _conditions(asked))
            case "impair":
                self._impair(asked["identity"], _conditions(asked))
                return {}
            case "addresses":
                return {"addresses": self._media.addresses(asked["identity"])}
            case "problem":
                door = self._proxy.door(asked["identity"])
                return {"problem": door.problem if door else ""}
            case _:
                return {"report": self._media.report().model_dump(mode="json")}

    async def _open(self, identity: str, conditions: NetworkConditions) -> dict[str, Any]:
        door = self._proxy.door(identity)
        if door is None:
            self._media.add(identity, conditions)
            door = await self._proxy.open(identity, conditions)
        return {"url": f"ws://{LOOPBACK}:{door.port}"}

    def _impair(self, identity: str, conditions: NetworkConditions) -> None:
        self._media.impair(identity, conditions)
        if (door := self._proxy.door(identity)) is not None:
            door.signal.change(conditions)

    async def close(self) -> None:
        """Close every connection."""
        await self._proxy.close()
        self._media.close()


def _conditions(asked: dict[str, Any]) -> NetworkConditions:
    return NetworkConditions.model_validate(asked["conditions"])


async def _serve() -> int:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(_INPUT, "rb"))
    first = json.loads(await reader.readline())
    try:
        network = Network(first["url"], first["ca_file"])
    except OSError as error:
        _say({"error": f"{first['ca_file']}: {error.strerror or error}"})
        return 1
    _say({})
    # A full collection would walk everything that was imported, and be the packets' delay.
    gc.collect()
    gc.freeze()
    while line := await reader.readline():
        try:
            _say(await network.answer(json.loads(line)))
        except Exception as error:
            _say({"error": f"{type(error).__name__}: {error}"})
    await network.close()
    return 0


def _say(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


def main() -> int:
    """Simulate the network that the first line of the input names, until the input ends."""
    handler = logging.StreamHandler()
    handler.addFilter(RedactingFilter())
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    return asyncio.run(_serve())


if __name__ == "__main__":
    sys.exit(main())
