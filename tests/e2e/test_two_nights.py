"""Two nights in a row, the second with a delay on the way to the server: what is said in the morning."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.models import DirectionConditions, NetworkConditions
from eloquence_pipeline.servers import up
from eloquence_pipeline.transport.network.simulated import SimulatedNetwork
from tests.e2e.conftest import SHORT, WHATEVER_ARRIVES, Home, was_undisturbed
from tests.integration.servers.owner import settings_in

pytestmark = pytest.mark.e2e

ADDED_MS = 100.0


async def night(home: Home, variables: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Return the result of a run and what it printed."""
    done = await asyncio.to_thread(home.run, *SHORT, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((home.run_folders()[-1] / "results.json").read_text()), done.stdout


async def test_a_delay_that_comes_with_the_second_night_is_found_and_blamed_on_the_network(
    served_home: Home, standing_servers: Path
) -> None:
    livekit = up(settings_in(standing_servers), livekit=True, s3=False, prefect=False).livekit
    assert livekit is not None
    async with SimulatedNetwork(livekit.url) as network:
        # All participants go through one door, which is the address of the server for the pipeline.
        door = await network.open("everybody")
        variables = {
            "LIVEKIT_URL": door.url,
            "LIVEKIT_API_KEY": livekit.api_key,
            "LIVEKIT_API_SECRET": livekit.api_secret.get_secret_value(),
            **WHATEVER_ARRIVES,
        }
        first, told_first = await night(served_home, variables)
        await door.impair(NetworkConditions(uplink=DirectionConditions(latency_ms=ADDED_MS)))
        second, told_second = await night(served_home, variables)

    assert first["baseline"]["nights"] == []
    assert "pire" not in told_first
    baseline = second["baseline"]
    assert baseline["nights"] == [first["run"]["run_id"]]
    assert (baseline["change"], baseline["provisional"]) == ("worse", True)
    worse = {one["figure"]: one for one in baseline["figures"] if one["change"] == "worse"}
    later = worse["network_delay_median_ms"]
    assert later["value"] - later["usual"] == pytest.approx(ADDED_MS, abs=20)
    assert "BASELINE | 🟡 pire que la bonne nuit précédente : " in told_second
    # The jitter buffer answers to whatever this machine does; the network's own share does not.
    if was_undisturbed(first) and was_undisturbed(second):
        assert "one_way_delay_median_ms" in worse
        assert "BASELINE | 🟡 pire que la bonne nuit précédente : délai médian" in told_second
        assert second["budget"]["bottleneck"]["stage"] == "network"
