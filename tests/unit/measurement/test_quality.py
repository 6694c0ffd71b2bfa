"""Scores move with what is done to a phrase, and say why there is none."""

from __future__ import annotations

import builtins
import sys
from types import ModuleType, SimpleNamespace
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from eloquence_pipeline.errors import NotScorable
from eloquence_pipeline.measurement import perceptual, quality
from eloquence_pipeline.measurement.quality import (
    NOT_CHOSEN,
    SEARCH_SECONDS,
    aligned,
    choose_phrases,
    phrase_quality,
    quality_figures,
)
from eloquence_pipeline.models import PhraseObservation, PhraseQuality, Score
from eloquence_pipeline.settings import EModelSettings
from tests.figures import phrase
from tests.simulated import RATE, babble

pytestmark = pytest.mark.unit

SPEECH = babble(11, 1.0)
IDENTITY_MOS_LQO = 4.165
MARGIN = round(SEARCH_SECONDS * RATE)


def noisy(standard_deviation: float) -> npt.NDArray[np.int16]:
    noise = np.random.default_rng(12).standard_normal(len(SPEECH)) * standard_deviation
    return np.clip(SPEECH + noise, -32768, 32767).astype(np.int16)


def scored(degraded: npt.NDArray[np.int16], *, with_models: bool = True) -> PhraseQuality:
    return phrase_quality(SPEECH, degraded, RATE, index=1, speaker="speaker", with_models=with_models)


@pytest.fixture(scope="module")
def identity() -> PhraseQuality:
    return scored(SPEECH)


def observation(index: int, seconds: float, delay_ms: float | None = 50.0) -> PhraseObservation:
    return phrase(index, delay_ms, index, sample_count=round(seconds * RATE), duration_seconds=seconds)


def test_identity_is_the_top_of_every_scale(identity: PhraseQuality) -> None:
    found = identity
    assert found.mos_lqo is not None
    assert found.stoi is not None
    # Not 5: the lattice model gives identical speech 4.0 to 4.6.
    assert found.mos_lqo.value == pytest.approx(IDENTITY_MOS_LQO, abs=0.02)
    assert found.mos_lqo.model == "ViSQOL speech, lattice"
    assert found.mos_lqo.version.startswith("visqol-python ")
    assert found.nsim == pytest.approx(1, abs=1e-6)
    assert found.stoi.value == pytest.approx(1, abs=1e-6)
    assert (found.level_difference_db, found.clipped_ratio, found.dropout_count) == (0, 0, 0)
    assert found.bandwidth_hz == found.sent_bandwidth_hz
    assert (found.not_scored, found.failures) == ({}, {})


def test_more_noise_scores_lower(identity: PhraseQuality) -> None:
    found = [identity, *(scored(noisy(deviation)) for deviation in (300, 3000))]
    mos = [phrase.mos_lqo.value for phrase in found if phrase.mos_lqo]
    stoi = [phrase.stoi.value for phrase in found if phrase.stoi]
    nsim = [phrase.nsim for phrase in found if phrase.nsim]
    for scores in (mos, stoi, nsim):
        assert len(scores) == 3
        assert scores[0] > scores[1] > scores[2]


@pytest.mark.parametrize("off", [-MARGIN, -48, -3, 0, 3, 48, MARGIN])
def test_a_place_that_is_off_by_up_to_10_ms_makes_no_difference(off: int) -> None:
    received = np.zeros(RATE * 2, dtype=np.int16)
    at = 20_000
    received[at : at + len(SPEECH)] = noisy(200)
    first = at + off - MARGIN
    window = received[first : first + len(SPEECH) + 2 * MARGIN]
    assert np.array_equal(aligned(SPEECH, window, RATE), noisy(200))


def test_a_shift_of_a_millisecond_costs_stoi_little_and_60_ms_nearly_all() -> None:
    values = [perceptual.stoi(SPEECH, np.roll(SPEECH, round(ms * 48)), RATE).value for ms in (0, 1, 60)]
    assert values[0] - values[1] < 0.01
    assert values[2] < 0.5


def test_a_short_phrase_has_its_waveform_measured_and_says_why_there_is_no_score() -> None:
    stop = SPEECH[: RATE // 4]
    found = phrase_quality(stop, stop, RATE, index=1, speaker="speaker")
    assert found.level_difference_db == 0
    assert (found.mos_lqo, found.stoi) == (None, None)
    assert found.not_scored["mos_lqo"] == "the phrase lasts 0.25 s, less than 1 s"
    assert found.not_scored["stoi"] == "the phrase lasts 0.25 s, less than 0.5 s"
    assert found.failures == {}


def test_speech_that_is_mostly_a_pause_has_no_intelligibility() -> None:
    paused = SPEECH.copy()
    paused[RATE // 4 :] = 0
    with pytest.raises(NotScorable, match="too little of it is speech"):
        perceptual.stoi(paused, paused, RATE)


def test_silence_is_no_score_and_no_error() -> None:
    silence = np.zeros_like(SPEECH)
    found = phrase_quality(silence, silence, RATE, index=1, speaker="speaker")
    assert found.level_difference_db is None
    assert (found.mos_lqo, found.stoi, found.clipped_ratio, found.bandwidth_hz) == (None, None, 0, 0)
    assert found.not_scored["mos_lqo"] == found.not_scored["stoi"] == "what was sent is silent"


def test_a_phrase_that_was_not_chosen_says_so() -> None:
    found = scored(SPEECH, with_models=False)
    assert (found.mos_lqo, found.stoi) == (None, None)
    assert found.not_scored["mos_lqo"] == NOT_CHOSEN
    assert found.dropout_count == 0


def test_a_model_that_breaks_loses_neither_the_other_nor_the_phrase(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Score:
        raise ValueError("the model returned nan")

    monkeypatch.setattr(quality, "visqol", broken)
    found = scored(SPEECH)
    assert found.failures == {"mos_lqo": "ValueError: the model returned nan"}
    assert found.stoi is not None


def test_without_the_package_there_is_no_mos_and_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "is_installed", lambda package: package != "visqol")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    found = scored(SPEECH)
    assert found.not_scored["mos_lqo"] == "visqol-python is not installed on this machine"
    assert found.failures == {}


def test_pesq_is_asked_for_wide_band_at_16_khz_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, str, str]] = []

    def stand_in(rate: int, sent: npt.NDArray[np.int16], received: npt.NDArray[np.int16], mode: str) -> float:
        asked.append((rate, len(sent), str(received.dtype), mode))
        return 4.5

    class NothingSaidError(Exception):
        """As the package raises it."""

    module = SimpleNamespace(
        pesq=stand_in, NoUtterancesError=NothingSaidError, BufferTooShortError=NothingSaidError
    )
    monkeypatch.setitem(sys.modules, "pesq", cast(ModuleType, module))
    monkeypatch.setattr(perceptual, "is_installed", lambda _package: True)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr(perceptual, "version", lambda _package: "1")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    score = perceptual.pesq(SPEECH, noisy(10), RATE)
    assert (score.value, score.model, score.version) == (4.5, "PESQ-WB (ITU-T P.862.2)", "pesq 1")
    assert asked == [(16_000, 16_000, "int16", "wb")]


def test_the_mapping_that_is_too_high_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without_lattice(name: str, *rest: object, **more: object) -> object:
        if name.startswith("ai_edge_litert"):
            raise ImportError("No module named 'ai_edge_litert'")
        return imported(name, *rest, **more)  # pyright: ignore[reportArgumentType]

    perceptual._visqol_model.cache_clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(builtins, "__import__", without_lattice)
    found = scored(SPEECH)
    perceptual._visqol_model.cache_clear()  # pyright: ignore[reportPrivateUsage]
    assert found.mos_lqo is None
    assert "lattice" in found.failures["mos_lqo"]


def test_all_phrases_are_chosen_when_they_are_few() -> None:
    phrases = [observation(1, 2), observation(2, 0.3), observation(3, 2, None), observation(4, 0.7)]
    assert choose_phrases(phrases, 20) == {1}


def test_phrases_too_short_for_one_model_are_chosen_where_there_are_no_others() -> None:
    assert choose_phrases([observation(1, 0.7), observation(2, 0.3)], 20) == {1}
    assert choose_phrases([observation(1, 0.3)], 20) == frozenset()


def test_many_phrases_are_spread_over_the_run_and_the_latest_is_among_them() -> None:
    phrases = [observation(index, 1.5, 500.0 if index == 333 else 50.0) for index in range(1, 1001)]
    chosen = choose_phrases(phrases, 20)
    assert len(chosen) == 20
    assert {1, 333, 1000} <= chosen
    gaps = np.diff(sorted(chosen))
    assert gaps.max() < 90
    assert choose_phrases(phrases, 0) == frozenset()
    assert choose_phrases(phrases, 1) == {333}


def test_of_long_phrases_fewer_are_chosen() -> None:
    phrases = [observation(index, 30) for index in range(1, 11)]
    assert choose_phrases(phrases, 20) == {1, 4, 7, 10}
    assert choose_phrases([observation(1, 400)], 20) == {1}


def test_the_figures_of_a_run_name_the_worst_phrase() -> None:
    def phrase(index: int, mos: float | None) -> PhraseQuality:
        score = None if mos is None else Score(value=mos, model="m", version="v")
        return PhraseQuality(index=index, speaker="s", mos_lqo=score, dropout_count=1, dropout_ms=20)

    figures = quality_figures([phrase(1, 4.2), phrase(2, 3.1), phrase(3, None)], [], EModelSettings())
    assert (figures.worst_phrase_index, figures.scored_count, figures.failed_count) == (2, 2, 0)
    assert (figures.mos_lqo.count, figures.mos_lqo.min) == (2, 3.1)
    assert (figures.dropout_count, figures.dropout_ms) == (3, 60)
    assert figures.models == {"mos_lqo": "m (v)"}
    assert figures.e_model is None
