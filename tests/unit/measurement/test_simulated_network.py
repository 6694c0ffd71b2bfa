"""What a simulated network did stands in the result, next to what was measured, and in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import (
    AddedDelay,
    Direction,
    DirectionCount,
    NetworkPlan,
    NetworkTruth,
    RelayedParticipant,
    RelayReport,
    ScenarioResult,
    StreamCount,
    parse_conditions,
)
from eloquence_pipeline.reporting.network import network_lines
from eloquence_pipeline.settings import ThresholdSettings
from tests.simulated import RATE, Simulation, run_info

pytestmark = pytest.mark.unit

CLEAN_COUNT = {"rtcp_forwarded": 0, "rtcp_dropped": 0, "others": 0, "others_dropped": 0}


def delay(count: int, mean_ms: float) -> AddedDelay:
    return AddedDelay(count=count, mean_ms=mean_ms, min_ms=mean_ms - 5, max_ms=mean_ms + 5)


def told(identity: str, *streams: StreamCount) -> RelayedParticipant:
    up = DirectionCount(direction=Direction.UPLINK, streams=streams, **CLEAN_COUNT)
    down = DirectionCount(direction=Direction.DOWNLINK, streams=(), **CLEAN_COUNT)
    return RelayedParticipant(identity=identity, uplink=up, downlink=down)


def truth(text: str | None, *, changed: bool = False) -> NetworkTruth:
    speaker = told(
        "speaker",
        StreamCount(ssrc=1, forwarded=80, lost=10, lost_in_outage=10, added_delay=delay(80, 100)),
        StreamCount(ssrc=2, forwarded=20, reordered=3, duplicated=2, added_delay=delay(20, 50)),
    )
    other = told("somebody else", StreamCount(ssrc=3, forwarded=500, lost=500))
    report = RelayReport(
        participants=(speaker, other), lateness_median_ms=0.1, lateness_p99_ms=0.5, lateness_max_ms=1
    )
    plan = None if text is None else NetworkPlan(name="", conditions=parse_conditions(text))
    return NetworkTruth(plan=plan, changed_in_call=changed, report=report)


def analysed(folder: Path, network: NetworkTruth | None) -> ScenarioResult:
    transmission = Simulation([RATE // 20]).write(folder).model_copy(update={"network": network})
    return analyse(transmission, folder, run_info(), (), ThresholdSettings())


def test_the_counts_of_the_speakers_alone_stand_in_the_result(tmp_path: Path) -> None:
    figures = analysed(tmp_path, truth("loss=10,latency=90")).network
    assert figures is not None
    assert figures.conditions == "loss=10,latency=90"
    assert (figures.uplink.forwarded, figures.uplink.dropped) == (100, 20)
    assert figures.injected_loss_ratio == pytest.approx(20 / 120)
    assert figures.added_delay_ms == pytest.approx(90)
    assert figures.uplink.added_delay == AddedDelay(count=100, mean_ms=90, min_ms=45, max_ms=105)
    assert figures.measured_loss_ratio is None
    lines = network_lines(figures)
    assert lines[0] == "Réseau simulé : loss=10,latency=90"
    assert "16.7 % (10 au hasard, 10 coupures)" in lines[1]
    assert "2 dupliqués, 3 doublés en route" in lines[1]
    assert "retard ajouté 90.0 ms, réseau mesuré —" in lines[1]


@pytest.mark.parametrize(("network", "is_told"), [(None, False), (truth(None), False), (truth(""), True)])
def test_a_network_that_nobody_asked_for_is_not_told_of(
    tmp_path: Path, network: NetworkTruth | None, is_told: bool
) -> None:
    result = analysed(tmp_path, network)
    assert (result.network is not None) == is_told
    assert bool(network_lines(result.network)) == is_told


def test_a_test_that_changed_its_network_says_so(tmp_path: Path) -> None:
    figures = analysed(tmp_path, truth(None, changed=True)).network
    assert figures is not None
    assert "changé en cours d'appel" in network_lines(figures)[0]
    assert analysed(tmp_path, truth("loss=1", changed=True)).model_dump_json()
