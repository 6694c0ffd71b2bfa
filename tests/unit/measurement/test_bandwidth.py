"""A band limit is found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import firwin, oaconvolve

from eloquence_pipeline.measurement.bandwidth import BAND_HZ, bandwidth
from tests.simulated import RATE

pytestmark = pytest.mark.unit

NOISE = np.random.default_rng(9).standard_normal(2 * RATE) * 3000


def low_passed(hz: float) -> npt.NDArray[np.int16]:
    return np.rint(oaconvolve(NOISE, firwin(2001, hz, fs=RATE), mode="same")).astype(np.int16)


@pytest.mark.parametrize("hz", [3400, 4000, 7000, 8000, 12_000])
def test_the_limit_is_found_within_one_band(hz: float) -> None:
    found = bandwidth(low_passed(16_000), low_passed(hz), RATE, gain_db=0)
    assert found.received_hz == pytest.approx(hz, abs=BAND_HZ)
    assert found.sent_hz == pytest.approx(16_000, abs=BAND_HZ)


def test_no_more_arrives_than_was_sent() -> None:
    hiss = np.random.default_rng(10).standard_normal(2 * RATE) * 30
    found = bandwidth(low_passed(7000), (low_passed(7000) + hiss).astype(np.int16), RATE, gain_db=0)
    assert found.received_hz == found.sent_hz == pytest.approx(7000, abs=BAND_HZ)


def test_a_quieter_signal_is_no_narrower() -> None:
    quiet = (low_passed(8000) / 30).astype(np.int16)
    found = bandwidth(low_passed(8000), quiet, RATE, gain_db=-29.5)
    assert found.received_hz == pytest.approx(8000, abs=BAND_HZ)


def test_silence_has_no_bandwidth() -> None:
    assert bandwidth(low_passed(8000), np.zeros(2 * RATE, dtype=np.int16), RATE, 0).received_hz == 0
