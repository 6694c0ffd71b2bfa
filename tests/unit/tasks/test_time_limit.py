"""A transmission that does not end by itself is ended, and not repeated."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import AttemptOutcome
from eloquence_pipeline.settings import FolderSettings, Settings
from tasks import transmission
from tasks.attempts import read_attempts
from tasks.run import Run
from tests.simulated import Simulation

pytestmark = pytest.mark.unit


async def test_a_transmission_that_hangs_is_ended_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []

    async def hang(*_arguments: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("in order")

    script = Simulation([2000]).write(tmp_path).channels[0].script
    settings = Settings(folders=FolderSettings(results=tmp_path / "results"))
    run = Run.begin("basic", settings, seed=1, parameters={})
    monkeypatch.setattr(transmission, "_attempt", hang)
    monkeypatch.setattr(transmission, "MARGIN_SECONDS", 0.05 - script.duration_seconds)

    with pytest.raises(TransportError, match="had not ended") as raised:
        await transmission.transmit.fn(run, {"speaker": script})

    assert not raised.value.transient
    assert stopped == ["in order"]
    assert [attempt.outcome for attempt in read_attempts(run)] == [AttemptOutcome.FAILED_DURING_AUDIO]
