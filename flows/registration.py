"""Register with a Prefect server: work pool, deployments, the slot, and the watch over lost runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from eloquence_pipeline.errors import ConfigurationError, ServerError
from flows.lost_runs import WATCH, end_lost_runs, watch_over_runs
from tasks.load_pool import deployment_for
from tasks.slot import ensure_slot

POOL = "eloquence"
DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"
_DEPLOY_SECONDS = 180


def register(api_url: str, living: Collection[str] | None = None) -> None:
    """Register everything at a Prefect server; what is there already stays or is brought up to date.

    Parameters
    ----------
    api_url
        Its address; the user's own by variable or profile if empty.
    living
        Ids of the runs that have a process, on a server that has the runs of this machine only; the others
        are called crashed. None on a server that may have runs of other machines.

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
        asyncio.run(_prepare(living))
    _deploy(api_url)


async def _prepare(living: Collection[str] | None) -> None:
    async with get_client() as client:
        if living is not None:
            await end_lost_runs(client, POOL, living)
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        await watch_over_runs(client, POOL)
    await ensure_slot()


def register_load_cells(api_url: str, pool: str) -> None:
    """Register load cells for another work pool than that of the deployments, after those.

    Parameters
    ----------
    api_url
        As for :func:`register`.
    pool
        Its name; of any type.

    Raises
    ------
    ConfigurationError
        If there is no such work pool.
    """
    with temporary_settings(updates={PREFECT_API_URL: api_url} if api_url else {}):
        asyncio.run(_copy_to(pool))


async def _copy_to(pool: str) -> None:
    async with get_client() as client:
        try:
            await client.read_work_pool(pool)
        except ObjectNotFound:
            raise ConfigurationError(
                f"there is no work pool named {pool!r}",
                remedy=f"make it: prefect work-pool create {pool} --type process (or docker, kubernetes)",
            ) from None
        own = await client.read_deployment_by_name(deployment_for(POOL))
        await client.create_deployment(
            own.flow_id,
            pool,
            version=own.version,
            description=own.description,
            work_pool_name=pool,
            tags=own.tags,
            entrypoint=own.entrypoint,
            parameter_openapi_schema=own.parameter_openapi_schema,
            pull_steps=own.pull_steps,
            enforce_parameter_schema=own.enforce_parameter_schema,
            job_variables=own.job_variables,
        )
        await watch_over_runs(client, pool, f"{WATCH} ({pool})")


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
