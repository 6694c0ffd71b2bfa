"""A night that is worse than the stored ones says so everywhere, and fails where that is asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.settings import Settings
from tests.e2e.conftest import Home
from tests.stored_nights import result_of, store_night

pytestmark = pytest.mark.e2e

SECONDS = 8
# A busy machine is no reason for another verdict.
PATIENT = {f"ELOQUENCE_THRESHOLDS__PACING_LATENESS_{name}_MS": "10000" for name in ("P99", "MAX")}
SETTINGS = PATIENT | {"ELOQUENCE_BASELINE__FAILS": "true", "ELOQUENCE_QUALITY__ENABLED": "false"}


def test_a_night_that_is_worse_than_the_earlier_ones_fails_with_its_evidence_kept(served_home: Home) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    parameters = {"duration_seconds": SECONDS, "categories": list(Settings().tests.basic.categories)}
    for day in range(7, 0, -1):
        # No call over LiveKit takes 5 ms, so that whatever this machine does, it is later.
        night = result_of(now - timedelta(days=day), day, 5.0 + day / 10, parameters=parameters)
        store_night(served_home.results, night)

    done = served_home.run("--test", "basic", "--duration", str(SECONDS), **SETTINGS)

    assert done.returncode == ExitCode.THRESHOLD_MISSED, done.stdout + done.stderr
    result = json.loads((served_home.run_folders()[-1] / "results.json").read_text())
    assert result["verdict"]["status"] == "passed"
    assert result["baseline"]["change"] == "worse"
    assert not result["baseline"]["provisional"]
    assert len(result["baseline"]["nights"]) == 7
    median = result["baseline"]["figures"][0]
    assert (median["figure"], median["change"]) == ("one_way_delay_median_ms", "worse")
    assert median["value"] == result["delay"]["one_way_delay_ms"]["median"]
    assert "BASELINE | 🔴 pire que les 7 dernières bonnes nuits : délai médian" in done.stdout
    assert "🔴 basic ÉCHOUÉ: pire que d'habitude : délai médian" in done.stdout
    assert "s3://" in done.stdout
