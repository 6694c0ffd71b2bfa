"""How well a phrase arrived, and the phrases of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.errors import NotScorable
from eloquence_pipeline.measurement.bandwidth import bandwidth
from eloquence_pipeline.measurement.e_model import e_model_figures
from eloquence_pipeline.measurement.level import clipped_ratio, dropouts, level_difference_db
from eloquence_pipeline.measurement.perceptual import (
    SHORTEST_SECONDS,
    is_installed,
    pesq,
    stoi,
    visqol,
)
from eloquence_pipeline.measurement.quality_over_time import quality_trend, scores_over_time
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import (
    CourseFigures,
    PhraseObservation,
    PhraseQuality,
    QualityFigures,
    Score,
    SpeakerFigures,
)
from eloquence_pipeline.settings import EModelSettings
from eloquence_pipeline.signal.alignment import locate
from eloquence_pipeline.signal.resampling import to_float

Int16Array = npt.NDArray[np.int16]

SEARCH_SECONDS = 0.01
"""By how much the place of a phrase in the recording may be off."""

MOST_SPEECH_SECONDS = 120.0
"""The models score about so much of a run at most: they take half of it to twice as long."""

_SHARE_OF_THE_WORST = 5

NOT_CHOSEN = "not among the phrases of the run that are scored (quality.most_phrases)"


def aligned(reference: Int16Array, window: Int16Array, sample_rate_hz: int) -> Int16Array:
    """Return the stretch of `window` that is most like `reference`.

    Parameters
    ----------
    reference
        int16, shape (n,): the sent phrase.
    window
        int16, shape (m,), m >= n: where it is in the recording, with some samples more at both ends.
    sample_rate_hz
        Of both.

    Returns
    -------
    ndarray
        int16, shape (n,).
    """
    if not reference.any():
        return window[: len(reference)]
    match = locate(to_float(reference), to_float(window), sample_rate_hz)
    first = min(max(round(match.position_samples), 0), len(window) - len(reference))
    return window[first : first + len(reference)]


def phrase_quality(
    reference: Int16Array,
    degraded: Int16Array,
    sample_rate_hz: int,
    *,
    index: int,
    speaker: str,
    with_models: bool = True,
) -> PhraseQuality:
    """Compare one phrase with what arrived of it.

    Parameters
    ----------
    reference, degraded
        int16, both of shape (n,), aligned to the sample.
    sample_rate_hz
        Of both; a multiple of 500.
    index, speaker
        Of the phrase.
    with_models
        False takes the figures of the waveform only, which is some hundred times quicker.
    """
    gain_db = level_difference_db(reference, degraded, sample_rate_hz)
    gaps = dropouts(reference, degraded, sample_rate_hz)
    band = bandwidth(reference, degraded, sample_rate_hz, gain_db or 0.0)
    scores = _Scores(reference, degraded, sample_rate_hz)
    scores.take(ask=with_models)
    return PhraseQuality(
        index=index,
        speaker=speaker,
        level_difference_db=gain_db,
        clipped_ratio=clipped_ratio(degraded),
        dropout_count=gaps.number,
        dropout_ms=gaps.total_ms,
        bandwidth_hz=band.received_hz,
        sent_bandwidth_hz=band.sent_hz,
        not_scored=scores.not_scored,
        failures=scores.failures,
        **scores.values,
    )


class _Scores:
    """What each model says of one phrase, or why it says nothing."""

    def __init__(self, reference: Int16Array, degraded: Int16Array, sample_rate_hz: int) -> None:
        self._signals = (reference, degraded, sample_rate_hz)
        self._seconds = len(reference) / sample_rate_hz
        self._asking = True
        self.values: dict[str, Any] = {}
        self.not_scored: dict[str, str] = {}
        self.failures: dict[str, str] = {}

    def take(self, *, ask: bool) -> None:
        """Ask every model that is there; without `ask` only say why they are not asked."""
        self._asking = ask
        self._ask("mos_lqo", self._visqol)
        self._ask("stoi", lambda: {"stoi": stoi(*self._signals)})
        if is_installed("pesq"):
            self._ask("pesq_mos_lqo", lambda: {"pesq_mos_lqo": pesq(*self._signals)})

    def _visqol(self) -> dict[str, Score | float]:
        mos_lqo, nsim = visqol(*self._signals)
        return {"mos_lqo": mos_lqo, "nsim": nsim}

    def _ask(self, figure: str, model: Callable[[], dict[str, Any]]) -> None:
        shortest = SHORTEST_SECONDS[figure]
        if not self._signals[0].any():
            self.not_scored[figure] = "what was sent is silent"
            return
        if self._seconds < shortest:
            self.not_scored[figure] = f"the phrase lasts {self._seconds:.2f} s, less than {shortest:g} s"
            return
        if not self._asking:
            self.not_scored[figure] = NOT_CHOSEN
            return
        try:
            self.values |= model()
        except NotScorable as reason:
            self.not_scored[figure] = str(reason)
        except Exception as error:  # one model that breaks loses neither the others nor the run
            self.failures[figure] = f"{type(error).__name__}: {error}"


def choose_phrases(phrases: Sequence[PhraseObservation], most: int) -> frozenset[int]:
    """Return the indices of the phrases that models score.

    Those that were received and are long enough for all models, or, where there is none, for one. If there
    are more than `most`, or more than two minutes of them, they are spread evenly over the run, but for a
    fifth, and one at least: those that came latest, and those of which least was heard.

    Parameters
    ----------
    phrases
        Of the run, in the order in which they were said.
    most
        Upper bound.
    """
    received = [phrase for phrase in phrases if phrase.received]
    for shortest in sorted(set(SHORTEST_SECONDS.values()), reverse=True):
        if candidates := [phrase for phrase in received if phrase.duration_seconds >= shortest]:
            break
    else:
        return frozenset()
    usual_seconds = float(np.mean([phrase.duration_seconds for phrase in candidates]))
    number = min(most, max(1, int(MOST_SPEECH_SECONDS / usual_seconds)))
    if len(candidates) <= number:
        return frozenset(phrase.index for phrase in candidates)
    wanted = _worst_places(candidates, max(1, number // _SHARE_OF_THE_WORST))
    return frozenset(candidates[place].index for place in _spread(len(candidates), number, wanted))


def _worst_places(phrases: Sequence[PhraseObservation], number: int) -> list[int]:
    latest = sorted(range(len(phrases)), key=lambda place: -(phrases[place].one_way_delay_ms or 0.0))
    damaged = [place for place, phrase in enumerate(phrases) if phrase.received_ratio < 1]
    least_heard = sorted(damaged, key=lambda place: phrases[place].received_ratio)[: number // 2]
    others = [place for place in latest if place not in least_heard]
    return [*others[: number - len(least_heard)], *least_heard]


def _spread(count: int, number: int, wanted: Sequence[int]) -> set[int]:
    """Return at most `number` of the places from 0 to `count`: those wanted, the rest evenly spread."""
    for evenly in range(number, 0, -1):
        places = {int(place) for place in np.linspace(0, count - 1, evenly).round()} | {*wanted}
        if len(places) <= number:
            return places
    return {*wanted[:number]}


def quality_figures(
    phrases: Sequence[PhraseQuality],
    speakers: Sequence[SpeakerFigures],
    e_model: EModelSettings,
    places: Mapping[int, float] | None = None,
    course: CourseFigures | None = None,
) -> QualityFigures:
    """Return the figures of a run from those of its received phrases.

    Parameters
    ----------
    phrases
        In the order in which they were said.
    speakers
        Delay and loss of each, for the E-model.
    e_model
        What that assumes of the codec.
    places, course
        Where each phrase begins in what was sent, in seconds, by its index; and the intervals of the call, if
        it has any.
    """
    scores = list(_named_scores(phrases))
    return QualityFigures(
        scored_count=len({index for index, _, _ in scores}),
        failed_count=sum(bool(phrase.failures) for phrase in phrases),
        models={name: f"{score.model} ({score.version})" for _, name, score in scores},
        worst_phrase_index=_worst(phrases),
        mos_lqo=summarise(phrase.mos_lqo and phrase.mos_lqo.value for phrase in phrases),
        nsim=summarise(phrase.nsim for phrase in phrases),
        stoi=summarise(phrase.stoi and phrase.stoi.value for phrase in phrases),
        pesq_mos_lqo=summarise(phrase.pesq_mos_lqo and phrase.pesq_mos_lqo.value for phrase in phrases),
        level_difference_db=summarise(phrase.level_difference_db for phrase in phrases),
        clipped_ratio=summarise(phrase.clipped_ratio for phrase in phrases),
        bandwidth_hz=summarise(phrase.bandwidth_hz for phrase in phrases),
        dropout_count=sum(phrase.dropout_count or 0 for phrase in phrases),
        dropout_ms=sum(phrase.dropout_ms or 0.0 for phrase in phrases),
        e_model=e_model_figures(speakers, e_model),
        received_count=len(phrases),
        over_time=scores_over_time(phrases, places or {}, course) if course else (),
        trend=quality_trend(phrases, places or {}) if course else None,
        phrases=tuple(phrases),
    )


def _named_scores(phrases: Sequence[PhraseQuality]) -> Iterator[tuple[int, str, Score]]:
    for phrase in phrases:
        for name in SHORTEST_SECONDS:
            score: Score | None = getattr(phrase, name)
            if score is not None:
                yield phrase.index, name, score


def _worst(phrases: Sequence[PhraseQuality]) -> int | None:
    for name in ("mos_lqo", "stoi"):
        rated = [(score.value, index) for index, figure, score in _named_scores(phrases) if figure == name]
        if rated:
            return min(rated)[1]
    return None
