"""Run a flow from the command line: everything of it that needs Prefect."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, cast

from prefect import Flow
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, temporary_settings

from eloquence_pipeline.models import MatrixOutcome, ReconnectionOutcome, SuiteOutcome
from eloquence_pipeline.models.load import CapacityOutcome, LoadOutcome
from flows.load import capacity, load
from flows.load_many import load_many
from flows.network import network_matrix
from flows.reconnect import reconnect
from flows.scenario import basic, latency, own_test, stability, stress
from flows.suite import suite
from tasks.logs import drain_to_prefect

Outcome = SuiteOutcome | MatrixOutcome | ReconnectionOutcome | LoadOutcome | CapacityOutcome
_FLOWS: dict[str, Flow[..., Any]] = {
    "basic": basic,
    "stress": stress,
    "latency": latency,
    "stability": stability,
    "reconnect": reconnect,
    "suite": suite,
    "network": network_matrix,
    "own_test": own_test,
    "load": load,
    "load_many": load_many,
    "capacity": capacity,
}


def run_flow(name: str, parameters: Mapping[str, Any], api_url: str) -> Outcome:
    """Run a flow against the Prefect server at `api_url`, or the user's own if empty.

    The flow runs in a thread of its own. In the main thread Prefect would put a signal handler in
    the place of ours, which raises wherever the program happens to be: in a lock, in a callback, in
    the SDK. Here a signal cancels the flow's task, and everything is cleaned up in its order.

    Returns
    -------
    SuiteOutcome, MatrixOutcome, ReconnectionOutcome, LoadOutcome or CapacityOutcome
        Of the one scenario or of all, of one over many networks, of disturbed calls, or of many at once.

    Raises
    ------
    EloquenceError
        If a single scenario could not be carried out.
    KeyboardInterrupt
        On Ctrl-C or SIGTERM, when the flow has ended.
    """
    flow: _FlowThread | None = None
    try:
        flow = _FlowThread(_run_flow(_FLOWS[name], parameters, api_url))
        return flow.outcome.result()
    except KeyboardInterrupt:
        if flow is not None:
            flow.cancel()
        raise


class _FlowThread:
    """A coroutine on an event loop in a thread, which can be cancelled from outside."""

    def __init__(self, coroutine: Any) -> None:
        self.outcome: Future[Outcome] = Future()
        self._coroutine = coroutine
        self._task: asyncio.Task[Outcome] | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flow")
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome.set_result(asyncio.run(self._main()))
        except BaseException as error:
            self.outcome.set_exception(error)

    async def _main(self) -> Outcome:
        self._task = asyncio.create_task(self._coroutine)
        self._begun.set()
        return await self._task

    def cancel(self) -> None:
        """Cancel the coroutine and wait until it has cleaned up after itself."""
        self._begun.wait()
        if self._task is not None:
            with suppress(RuntimeError):  # the loop is closed: it has ended by itself
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
        self._thread.join()


async def _run_flow(flow: Flow[..., Any], parameters: Mapping[str, Any], api_url: str) -> Outcome:
    updates: dict[Any, str] = {PREFECT_API_URL: api_url} if api_url else {}
    with temporary_settings(updates=updates):
        try:
            # Prefect's types take an async flow with return_state for a synchronous one.
            running = cast(Awaitable[State[Any]], flow(**parameters, return_state=True))
            outcome = await (await running).aresult(raise_on_failure=False)
        finally:
            await drain_to_prefect()
    if isinstance(outcome, BaseException):
        raise outcome
    if isinstance(outcome, Outcome):
        return outcome
    return SuiteOutcome(outcomes=(outcome,), errors={})
