"""Register with a Prefect server: work pool, deployments, the slot, and the watch over lost runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed

from eloquence_pipeline.errors import ConfigurationError, ServerError
from tasks.slot import ensure_slot

POOL = "eloquence"
DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"
WATCH = "eloquence: runs without a heartbeat have crashed"
LOST_AFTER_SECONDS = 120
"""Four heartbeats; a Prefect server that is started again takes less."""
_DEPLOY_SECONDS = 180


def register(api_url: str) -> None:
    """Register everything at a Prefect server; what is there already stays or is brought up to date.

    Parameters
    ----------
    api_url
        Its address; the user's own by variable or profile if empty.

    Raises
    ------
    ConfigurationError
        If prefect.yaml is not beside the program.
    ServerError
        If the server refuses something.
    """
    if not DEPLOYMENTS.exists():
        raise ConfigurationError(
            f"{DEPLOYMENTS} is not there", remedy="install from a checkout of the project, which holds it"
        )
    with temporary_settings(updates={PREFECT_API_URL: api_url} if api_url else {}):
        asyncio.run(_prepare())
    _deploy(api_url)


def end_lost_runs(api_url: str, living: Collection[str]) -> None:
    """Call the runs crashed that have no process any more: their machine went off, and nobody could say so.

    Parameters
    ----------
    api_url
        Of a server that has the runs of this machine only.
    living
        Ids of the runs that have one.
    """
    with temporary_settings(updates={PREFECT_API_URL: api_url}):
        asyncio.run(_end_lost_runs(living))


async def _end_lost_runs(living: Collection[str]) -> None:
    under_way = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    async with get_client() as client:
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=under_way)),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        )
        for run in runs:
            if str(run.id) not in living:
                lost = Crashed(message="its process was gone when the servers were started again")
                await client.set_flow_run_state(run.id, lost, force=True)


async def _prepare() -> None:
    async with get_client() as client:
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        await _watch_over_runs(client)
    await ensure_slot()


async def _watch_over_runs(client: PrefectClient) -> None:
    """Have the server call a run crashed that was alive and says nothing any more."""
    if await client.read_automations_by_name(WATCH):
        return
    ends = ("Completed", "Failed", "Cancelled", "Crashed")
    trigger = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in ends)},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        match_related=ResourceSpecification({"prefect.resource.name": [POOL]}),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=LOST_AFTER_SECONDS),
    )
    message = f"no sign of life for {LOST_AFTER_SECONDS} s: the process was killed, or its machine is off"
    action = ChangeFlowRunState(name=None, state=StateType.CRASHED, message=message, force=False)
    await client.create_automation(
        AutomationCore(
            name=WATCH,
            description="Without it a run that was killed would be shown as running for ever.",
            trigger=trigger,
            actions=[action],
        )
    )


def _deploy(api_url: str) -> None:
    # Its own command is Prefect's only way that reads prefect.yaml.
    told = subprocess.run(  # noqa: S603 - our own interpreter and file
        [
            *(sys.executable, "-m", "prefect", "--no-prompt"),
            *("deploy", "--all", "--prefect-file", str(DEPLOYMENTS)),
        ],
        env=os.environ | ({"PREFECT_API_URL": api_url} if api_url else {}) | {"DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEPLOY_SECONDS,
    )
    if told.returncode:
        lines = [line for line in (told.stderr + told.stdout).splitlines() if line.strip()]
        raise ServerError(
            f"the deployments could not be registered: {' | '.join(lines[-3:])}",
            remedy=f"look at {DEPLOYMENTS}",
        )
