"""What all tasks of one run share."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from platform import machine, platform, python_version

from pydantic import JsonValue

from eloquence_pipeline.clock import clock_id
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.models import NetworkPlan, Record, ResultFormat, RunHeader, RunInfo
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import RUN_FILE

_logger = PipelineLogger("RUN")
_REPORTED_PACKAGES = ("eloquence-pipeline", "livekit", "prefect", "numpy", "scipy")


class Run(Record):
    """One run of one scenario; holds no secret, so it may be a task's argument."""

    run_id: str
    scenario: str
    started_at: datetime
    target: str
    livekit_url: str
    room_name: str
    seed: int
    parameters: dict[str, JsonValue]
    folder: Path
    network: NetworkPlan | None = None
    """What the speakers' network is to do; None takes the real one."""

    @classmethod
    def begin(
        cls,
        scenario: str,
        settings: Settings,
        *,
        seed: int,
        parameters: dict[str, JsonValue],
        network: str = "",
    ) -> Run:
        """Make the run's folder, give the run its name and write down what is known of it.

        Parameters
        ----------
        scenario, settings, seed, parameters
            Of the run.
        network
            As for ``--network``; that of the settings if empty.

        Raises
        ------
        ConfigurationError
            If there is no such network, or the results folder cannot be written.
        """
        asked = network or settings.network.default
        plan = settings.network.plan(asked)
        if plan is not None:
            parameters = {**parameters, "network": asked}
        started_at = datetime.now(UTC)
        folder = RunFolder.create(settings.folders.results, started_at, scenario)
        # Said before anything can go wrong: a run that fails has kept there how far it came.
        _logger.info(f"test {scenario} : preuves dans {folder.path}")
        _logger.debug(
            f"graine {seed}, paramètres {parameters}, cible {settings.target or settings.livekit_url}"
        )
        run = cls(
            run_id=folder.run_id,
            scenario=scenario,
            started_at=started_at,
            target=settings.target or settings.livekit_url,
            livekit_url=settings.livekit_url,
            room_name=settings.room_name,
            seed=seed,
            parameters=parameters,
            folder=folder.path,
            network=plan,
        )
        header = RunHeader(
            format=ResultFormat(method_version=METHOD_VERSION),
            run=run.info(room=""),
            thresholds=settings.thresholds.model_dump(),
        )
        folder.write_model(RUN_FILE, header)
        return run

    def room(self, attempt: int) -> str:
        """Return the name of the room of one attempt: nobody else is in it, and nobody was."""
        return f"{self.room_name}-{self.run_id}-{attempt}"

    def info(self, room: str) -> RunInfo:
        """Return what identifies this run in its result."""
        return RunInfo(
            run_id=self.run_id,
            scenario=self.scenario,
            started_at=self.started_at,
            target=self.target,
            livekit_url=self.livekit_url,
            room=room,
            seed=self.seed,
            parameters=self.parameters,
            clock_id=clock_id(),
            host=_host(),
            versions={"python": python_version()} | {name: version(name) for name in _REPORTED_PACKAGES},
        )


def _host() -> dict[str, str]:
    """Return what a figure may depend on; no name, which says nothing and is nobody's business."""
    return {"system": platform(), "processor": f"{cpu_count()} × {machine()}"}
