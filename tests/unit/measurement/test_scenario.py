"""The whole analysis against known truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.files import write_bytes
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import ScenarioResult, Transmission, VerdictStatus
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.signal.wav import write_wav
from tests.simulated import RATE, Simulation, run_info

pytestmark = pytest.mark.unit

HANDED_OVER_LATE_MS = 0.1
SEED_KEYS = [
    "test_name",
    "duration_seconds",
    "packets_sent",
    "packets_received",
    "packet_loss_rate",
    "latency_stats",
    "errors_count",
    "throughput_pps",
]


def with_received(transmission: Transmission, **changes: object) -> Transmission:
    (channel,) = transmission.channels
    assert channel.received is not None
    received = channel.received.model_copy(update=changes)
    return transmission.model_copy(update={"channels": (channel.model_copy(update={"received": received}),)})


def measured(transmission: Transmission, folder: Path) -> ScenarioResult:
    return analyse(transmission, folder, run_info(), (), ThresholdSettings())


@given(delays=st.lists(st.integers(480, 40_000), min_size=1, max_size=3))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_delay_is_recovered_within_one_sample(delays: list[int], tmp_path: Path) -> None:
    result = measured(Simulation(list(delays)).write(tmp_path), tmp_path)
    for phrase, delay in zip(result.phrases, delays, strict=True):
        assert phrase.one_way_delay_ms is not None
        expected_ms = delay / RATE * 1000 - HANDED_OVER_LATE_MS
        assert abs(phrase.one_way_delay_ms - expected_ms) < 1000 / RATE


def test_a_lost_phrase_is_not_received_and_has_no_number(tmp_path: Path) -> None:
    result = measured(Simulation([2000, None, 2000]).write(tmp_path), tmp_path)
    assert [phrase.received for phrase in result.phrases] == [True, False, True]
    lost = result.phrases[1]
    assert lost.one_way_delay_ms is None
    assert lost.end_to_end_ms is None
    assert (result.packets_sent, result.packets_received, result.errors_count) == (3, 2, 1)
    assert result.packet_loss_rate == pytest.approx(1 / 3)


def test_a_lost_phrase_is_not_taken_for_its_repetition(tmp_path: Path) -> None:
    # 3 s later the same phrase comes again: at the very end of the window, and beyond it with its own delay.
    result = measured(Simulation([2000, None, 2000], same_phrase=True).write(tmp_path), tmp_path)
    assert [phrase.received for phrase in result.phrases] == [True, False, True]


def test_a_lost_phrase_is_a_gap_and_its_words_are_named(tmp_path: Path) -> None:
    result = measured(Simulation([2000, None, 2000]).write(tmp_path), tmp_path)
    loss = result.loss
    assert (loss.phrases.lost, loss.phrases.total) == (1, 3)
    assert loss.audio.ratio == pytest.approx(1 / 3, abs=0.02)
    assert loss.gap_count == 1
    (gap,) = loss.gaps
    assert (gap.phrase_index, gap.position_in_sent_seconds, gap.whole_phrase) == (2, 4, True)
    assert gap.estimated_words == ("phrase", "2")
    assert result.speakers[0].loss.audio == loss.audio


def test_delay_along_a_phrase_is_that_of_the_phrase_where_it_does_not_change(tmp_path: Path) -> None:
    (phrase,) = measured(Simulation([2000]).write(tmp_path), tmp_path).phrases
    windows = phrase.windows
    assert windows is not None
    assert windows.position_seconds == pytest.approx([n / 10 for n in range(11)])
    assert windows.one_way_delay_ms == pytest.approx([phrase.one_way_delay_ms] * 11, abs=0.01)
    assert phrase.received_ratio == 1
    assert phrase.confidence > 0.95
    assert phrase.uncertainty_ms is not None
    assert phrase.uncertainty_ms < 0.01


def test_a_delay_that_grows_over_the_run_is_a_drift(tmp_path: Path) -> None:
    result = measured(Simulation([2000, 2480, 2960, 3440, 3920]).write(tmp_path), tmp_path)
    drift = result.delay.drift
    assert drift is not None
    # 10 ms every 3 s.
    assert drift.ms_per_minute == pytest.approx(200, rel=0.01)
    histogram = result.delay.one_way_delay_histogram
    assert histogram is not None
    assert (histogram.bin_width_ms, sum(histogram.counts)) == (1, 5)
    assert result.delay.window_delay_ms.count == 55


def test_a_result_of_fifty_phrases_stays_small(tmp_path: Path) -> None:
    phrases = measured(Simulation([2000]).write(tmp_path), tmp_path).phrases
    seconds = 1.2
    each = len(phrases[0].model_dump_json(indent=2)) / seconds
    assert each * 50 * 3.5 < 300_000


def test_the_result_begins_with_the_seeds_keys_and_nests_the_rest(tmp_path: Path) -> None:
    result = json.loads(measured(Simulation([2000]).write(tmp_path), tmp_path).to_json())
    assert list(result)[:8] == SEED_KEYS
    assert list(result["latency_stats"]) == ["min_ms", "max_ms", "avg_ms", "count"]
    assert result.pop("quality") is None, "what is scored comes after the analysis"
    assert result.pop("baseline") is None, "earlier nights are asked after it"
    assert result.pop("network") is None, "the network was the real one"
    assert result.pop("course") is None, "only a long call has one"
    assert all(isinstance(value, dict | list) for key, value in result.items() if key not in SEED_KEYS)
    assert result["test_name"] == "basic_test"


def test_the_result_can_be_read_back(tmp_path: Path) -> None:
    result = measured(Simulation([2000, None]).write(tmp_path), tmp_path)
    assert ScenarioResult.model_validate_json(result.to_json()) == result


def test_latency_is_generation_plus_one_way_delay(tmp_path: Path) -> None:
    result = measured(Simulation([4800, 9600]).write(tmp_path), tmp_path)
    for phrase in result.phrases:
        assert phrase.one_way_delay_ms is not None
        assert phrase.end_to_end_ms == phrase.generation_ms + phrase.one_way_delay_ms
    assert result.latency_stats.max_ms == result.phrases[1].end_to_end_ms


def test_throughput_counts_phrases_a_second(tmp_path: Path) -> None:
    result = measured(Simulation([2000, 2000]).write(tmp_path), tmp_path)
    assert result.duration_seconds == 8
    assert result.throughput_pps == pytest.approx(2 / 8)


def test_the_same_files_give_the_same_result(tmp_path: Path) -> None:
    transmission = Simulation([2000, 3000]).write(tmp_path)
    assert measured(transmission, tmp_path) == measured(transmission, tmp_path)


def test_a_phrase_that_was_cut_and_those_never_begun_are_not_counted_as_sent(tmp_path: Path) -> None:
    simulation = Simulation([2000, 2000, 2000], said_seconds=4.05, failure="the publisher was disconnected")
    result = measured(simulation.write(tmp_path), tmp_path)
    assert result.plan.phrases_planned == 3
    assert [phrase.index for phrase in result.phrases] == [1]
    assert (result.packets_sent, result.packets_received) == (1, 1)
    assert result.verdict.status is VerdictStatus.FAILED
    assert result.verdict.reasons[0] == "the transmission broke off: the publisher was disconnected"


def test_a_transmission_that_broke_off_before_the_first_phrase_has_no_loss_and_does_not_pass(
    tmp_path: Path,
) -> None:
    simulation = Simulation([2000], said_seconds=0.5, failure="the publisher was disconnected")
    result = measured(simulation.write(tmp_path), tmp_path)
    assert (result.packets_sent, result.packet_loss_rate) == (0, 0)
    assert "no phrase was said to its end" in result.verdict.reasons
    assert result.verdict.status is VerdictStatus.FAILED


def test_without_a_listener_every_phrase_is_lost(tmp_path: Path) -> None:
    simulation = Simulation([2000, 2000], listener_came=False, failure="no track appeared")
    result = measured(simulation.write(tmp_path), tmp_path)
    assert (result.packets_sent, result.packets_received) == (2, 0)
    assert result.verdict.reasons[0] == "the transmission broke off: no track appeared"


def test_two_clocks_are_an_error_not_a_number(tmp_path: Path) -> None:
    transmission = Simulation([2000], received_clock="monotonic/elsewhere").write(tmp_path)
    with pytest.raises(MeasurementError, match="different clocks"):
        measured(transmission, tmp_path)


def test_a_file_that_is_not_the_recorded_one_is_refused(tmp_path: Path) -> None:
    transmission = Simulation([2000]).write(tmp_path)
    write_wav(tmp_path / "received.wav", np.zeros(480, dtype=np.int16), RATE)
    with pytest.raises(MeasurementError, match=r"received\.wav is not the file that was recorded"):
        measured(transmission, tmp_path)


def test_timings_that_do_not_belong_to_the_wav_are_refused(tmp_path: Path) -> None:
    transmission = Simulation([2000]).write(tmp_path)
    other = write_wav(tmp_path / "received.wav", np.zeros(480, dtype=np.int16), RATE)
    changed = with_received(transmission, audio=other)
    with pytest.raises(MeasurementError, match="holds 480 samples"):
        measured(changed, tmp_path)


def test_timings_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    transmission = Simulation([2000]).write(tmp_path)
    other = write_bytes(tmp_path / "received_timings.npz", b"no archive")
    changed = with_received(transmission, timings=other)
    with pytest.raises(MeasurementError, match="is no NPZ file"):
        measured(changed, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    transmission = Simulation([2000]).write(tmp_path)
    (tmp_path / "sent.wav").unlink()
    with pytest.raises(MeasurementError, match=r"sent\.wav cannot be read"):
        measured(transmission, tmp_path)
