"""A transmission that does not end by itself is ended, and not repeated."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import AttemptOutcome, Disturbance, DisturbanceKind, DisturbedSide
from eloquence_pipeline.settings import FolderSettings, Settings
from tasks import disturbed_call, transmission
from tasks.attempts import read_attempts
from tasks.disturbed_call import Venue
from tasks.run import Run
from tests.simulated import Simulation

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", [transmission, disturbed_call])
async def test_a_transmission_that_hangs_is_ended_and_says_so(
    kind: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []

    async def hang(*_arguments: Any, **_named: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("in order")

    script = Simulation([2000]).write(tmp_path).channels[0].script
    settings = Settings(folders=FolderSettings(results=tmp_path / "results"))
    run = Run.begin("basic", settings, seed=1, parameters={})
    monkeypatch.setattr(kind, "_attempt", hang)
    monkeypatch.setattr(transmission, "MARGIN_SECONDS", 0.05 - script.duration_seconds)

    disturbance = Disturbance(kind=DisturbanceKind.SIGNAL_RECONNECT, side=DisturbedSide.SPEAKER, at_seconds=1)
    hanging = (
        transmission.transmit.fn(run, {"speaker": script})
        if kind is transmission
        else disturbed_call.transmit_disturbed.fn(run, script, disturbance, Venue(), settings)
    )
    with pytest.raises(TransportError, match="had not ended") as raised:
        await hanging

    assert not raised.value.transient
    assert stopped == ["in order"]
    assert [attempt.outcome for attempt in read_attempts(run)] == [AttemptOutcome.FAILED_DURING_AUDIO]
