"""Runs whose process is gone: the server is to call them crashed, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import PrefectClient
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
from prefect.states import Crashed

WATCH = "eloquence: runs without a heartbeat have crashed"
LOST_AFTER_SECONDS = 120
"""Four heartbeats; a Prefect server that is started again takes less."""


async def end_lost_runs(client: PrefectClient, pool: str, living: Collection[str]) -> None:
    """Call the runs crashed that have no process any more: their machine went off, and nobody could say so.

    Parameters
    ----------
    client
        Of a server that has the runs of this machine only.
    pool
        Work pool of the runs.
    living
        Ids of the runs that have a process.
    """
    under_way = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    runs = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=under_way)),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
    for run in runs:
        if str(run.id) not in living:
            lost = Crashed(message="its process was gone when the servers were started again")
            await client.set_flow_run_state(run.id, lost, force=True)


async def watch_over_runs(client: PrefectClient, pool: str, name: str = WATCH) -> None:
    """Have the server call a run crashed that was alive and says nothing any more.

    Parameters
    ----------
    pool
        Work pool of the runs.
    name
        Of the automation: each pool that is watched needs one of its own.
    """
    wanted = lost_run_automation(pool).model_copy(update={"name": name})
    standing = await client.read_automations_by_name(name)
    if not standing:
        await client.create_automation(wanted)
    for automation in standing:
        # An automation that is written again forgets which runs it is waiting for.
        if _told(automation) != _told(wanted):
            await client.update_automation(automation.id, wanted)


def lost_run_automation(pool: str) -> AutomationCore:
    """Return the automation that waits for the next sign of life of each run.

    Whatever is told of a run is one: its end has the name of the state, and our states have names of their
    own (`flows.states`).
    """
    message = f"no sign of life for {LOST_AFTER_SECONDS} s: the process was killed, or its machine is off"
    return AutomationCore(
        name=WATCH,
        description="Without it a run that was killed would be shown as running for ever.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=ResourceSpecification({"prefect.resource.name": [pool]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=LOST_AFTER_SECONDS),
        ),
        actions=[ChangeFlowRunState(name=None, state=StateType.CRASHED, message=message, force=False)],
    )


def _told(automation: AutomationCore) -> dict[str, Any]:
    """Return what an automation does, without the names that the server gave to its parts."""
    return automation.model_dump(
        mode="json",
        include={"description", "enabled", "trigger", "actions"},
        exclude={"trigger": {"id"}},
    )
