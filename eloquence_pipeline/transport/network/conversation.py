"""One signalling connection: messages between a participant and its server, rewritten and delayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType, web

from eloquence_pipeline.models import Direction
from eloquence_pipeline.transport.network.candidates import Relayed
from eloquence_pipeline.transport.network.delayed_line import DelayedLine, SignalConditions
from eloquence_pipeline.transport.network.signals import NotUnderstoodError, for_participant, for_server

Socket = web.WebSocketResponse | ClientWebSocketResponse
_OVER = {WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}


async def converse(
    participant: web.WebSocketResponse,
    server: ClientWebSocketResponse,
    signal: SignalConditions,
    relayed: Relayed,
) -> str:
    """Pass messages on, both ways, until one end has learnt that the other has closed.

    Returns
    -------
    str
        Why the connection was ended here, without either end having closed it; empty otherwise.
    """
    up, down = DelayedLine(signal, Direction.UPLINK), DelayedLine(signal, Direction.DOWNLINK)
    hearing = [
        asyncio.create_task(_hear(participant, server, up, for_server)),
        # The relay's thread names its addresses at once: waiting for it here keeps the messages' order.
        asyncio.create_task(_hear(server, participant, down, partial(for_participant, relayed=relayed))),
    ]
    delivering = [asyncio.create_task(up.deliver()), asyncio.create_task(down.deliver())]
    try:
        # A line ends when what it carried last has arrived: that one end has closed, mostly.
        await asyncio.wait(delivering, return_when=asyncio.FIRST_COMPLETED)
        return next((problem for task in hearing if task.done() and (problem := task.result())), "")
    finally:
        for task in (*hearing, *delivering):
            task.cancel()
        await asyncio.gather(*hearing, *delivering, return_exceptions=True)


async def _hear(source: Socket, target: Socket, line: DelayedLine, rewrite: Callable[[bytes], bytes]) -> str:
    """Send on what one end says until it closes; return what could not be sent on, if anything."""
    try:
        while (message := await source.receive()).type not in _OVER:
            match message.type:
                case WSMsgType.BINARY:
                    if said := rewrite(message.data):
                        line.send(partial(target.send_bytes, said))
                case WSMsgType.PING:
                    # Answered here, it would hide from both ends that nothing passes.
                    line.send(partial(target.ping, message.data))
                case WSMsgType.PONG:
                    line.send(partial(target.pong, message.data))
                case WSMsgType.CLOSE:
                    line.send(partial(_close, target, message.data))
                    return ""
                case _:
                    return f"a message is of a kind that is not understood ({message.type.name})"
    except NotUnderstoodError as error:
        return str(error)
    finally:
        line.end()
    return ""


async def _close(target: Socket, code: int | None) -> None:
    await target.close(code=code or WSCloseCode.OK)
