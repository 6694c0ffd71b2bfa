"""The network that a call is spoken through: the real one, or one that is simulated for its speakers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import NetworkConditions, NetworkTruth, Transmission, conditions_text
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import load_settings
from eloquence_pipeline.transport.network.simulated import NetworkPath, SimulatedNetwork
from tasks.run import Run

_logger = PipelineLogger("NETWORK")


class CallNetwork:
    """What the ends of one call need of their network.

    Attributes
    ----------
    simulated
        None for the real network.
    conditions
        Of each speaker, in both directions: the person is on the train, the coach's server is not.
    """

    def __init__(self, run: Run, simulated: SimulatedNetwork | None) -> None:
        self.simulated = simulated
        plan = run.network.conditions if run.network else NetworkConditions()
        self.conditions = plan.model_copy(update={"seed": run.seed})
        self._run = run
        self._paths: dict[str, NetworkPath] = {}

    async def open(self, speakers: Sequence[str]) -> None:
        """Give every speaker its way to the server."""
        if self.simulated is not None:
            for speaker in speakers:
                self._paths[speaker] = await self.simulated.open(speaker, self.conditions)

    def path(self, speaker: str) -> NetworkPath | None:
        """Return a speaker's way; None goes directly."""
        return self._paths.get(speaker)

    async def told_by(self, transmission: Transmission, *, changed: bool = False) -> Transmission:
        """Return a transmission with what was done to its packets.

        Audio is out: this does not raise. A network that cannot say what it did is the tester's failure.

        Parameters
        ----------
        transmission
            What both ends recorded.
        changed
            Whether the conditions were changed in mid-call.
        """
        if self.simulated is None:
            return transmission
        try:
            report = await self.simulated.report()
        except TransportError as error:
            return _failed(transmission, f"what the simulated network did is not known: {error.message}")
        told = transmission.model_copy(
            update={"network": NetworkTruth(plan=self._run.network, changed_in_call=changed, report=report)}
        )
        known = {one.identity: one.uplink.total.arrived for one in report.participants}
        around = [channel.speaker for channel in told.channels if not known.get(channel.speaker)]
        if around:
            return _failed(told, f"no packet of {', '.join(around)} went through the simulated network")
        return told


def _failed(transmission: Transmission, reason: str) -> Transmission:
    return transmission.model_copy(update={"tester_failure": transmission.tester_failure or reason})


@asynccontextmanager
async def call_network(
    run: Run, speakers: Sequence[str], *, may_change: bool = False
) -> AsyncGenerator[CallNetwork]:
    """Have the network of a call while the block lasts.

    Parameters
    ----------
    run
        Says which network is meant.
    speakers
        Who is to be heard through it.
    may_change
        Whether conditions may come in mid-call: then even a good network has to be a simulated one.

    Raises
    ------
    TransportError
        If it cannot be simulated.
    """
    if run.network is None and not may_change:
        yield CallNetwork(run, None)
        return
    if run.network is not None:
        figures = conditions_text(run.network.conditions) or "rien"
        _logger.info(f"réseau simulé : {run.network.name or figures} ({figures})")
    async with SimulatedNetwork(run.livekit_url, ca_file=load_settings().network.ca_file) as simulated:
        network = CallNetwork(run, simulated)
        await network.open(speakers)
        yield network
