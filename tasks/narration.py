"""Tell what is being said while it is being said, and what was heard afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self

from eloquence_pipeline.models import (
    STABILITY_TEST,
    BaselineComparison,
    Change,
    PhraseObservation,
    QualityFigures,
    ScenarioResult,
    SpeechScript,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.baseline import baseline_sentence
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.transport.call import Call

_BYTES_PER_SAMPLE = 2

_speech = PipelineLogger("PUBLISHER")


class Narrator(Protocol):
    """Whoever wants to know how far a speaker is."""

    def at(self, position_samples: int) -> None:
        """Take note of it; called about ten times a second."""


class SpeechNarrator:
    """Log each phrase when it begins, and the progress of the whole script.

    Parameters
    ----------
    script
        What is going to be said.
    call
        Which it is said in.
    shows_progress
        False for all but one, where several speak at the same time.
    by_the_minute
        Log a line a minute instead of one a phrase.
    on_progress
        Told how far the script is, from 0 to 1, where progress is shown.
    """

    def __init__(
        self,
        script: SpeechScript,
        call: Call,
        *,
        shows_progress: bool = True,
        by_the_minute: bool = False,
        on_progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._script = script
        self._call = call
        self._announced = 0
        self._minutes_told = 0
        self._by_the_minute = by_the_minute
        self._shows_progress = shows_progress
        self._on_progress = on_progress

    @classmethod
    def for_all(
        cls,
        scripts: Sequence[SpeechScript],
        call: Call,
        *,
        by_the_minute: bool,
        on_progress: Callable[[float], None],
    ) -> list[Self]:
        """Return a narrator for each script; that of the longest shows the progress."""
        longest = max(range(len(scripts)), key=lambda place: scripts[place].sample_count)
        return [
            cls(
                script,
                call,
                shows_progress=place == longest,
                by_the_minute=by_the_minute,
                on_progress=on_progress,
            )
            for place, script in enumerate(scripts)
        ]

    def at(self, position_samples: int) -> None:
        """Say what there is to say at this position; called about ten times a second."""
        rate = self._script.sample_rate_hz
        for phrase in self._script.phrases[self._announced :]:
            if phrase.start_sample > position_samples:
                break
            self._announced += 1
            if self._by_the_minute:
                continue
            size = phrase.sample_count * _BYTES_PER_SAMPLE
            begun_at = time.time() - (position_samples - phrase.start_sample) / rate
            _speech.audio_packet(phrase.index, size, begun_at, {"text": phrase.clip.phrase.text})
        if self._shows_progress:
            self._tell_progress(position_samples / rate)

    def _tell_progress(self, seconds: float) -> None:
        whole = self._script.duration_seconds
        self._on_progress(seconds / whole)
        if not self._by_the_minute:
            _speech.progress("Transmission", seconds, whole)
            return
        so_far = f"{self._announced} phrases dites, environ {self._call.heard_count()} entendues"
        _speech.progress(f"Transmission : {so_far}", seconds / 60, whole / 60, "min")
        if (minutes := int(seconds // 60)) > self._minutes_told:
            self._minutes_told = minutes
            _speech.info(f"{minutes} min sur {whole / 60:g} : {so_far}")


def narrate_result(result: ScenarioResult, thresholds: ThresholdSettings) -> None:
    """Log what was heard: a block of lines for each phrase, then the network and the figures."""
    logger = PipelineLogger("ANALYSE", thresholds)
    for phrase in result.phrases:
        # Of a stability test, which has its course to look at, only what is wrong.
        if result.run.scenario != STABILITY_TEST or not phrase.received:
            _narrate_phrase(phrase, logger)
    if result.rtp.packet_loss_ratio is not None:
        logger.packet_loss(result.rtp.packet_loss_ratio)
    if result.delay.one_way_delay_ms.avg is not None:
        logger.quality(result.delay.one_way_delay_ms.avg)
    logger.performance_metric("débit", result.throughput_pps, "paquets/seconde")
    logger.performance_metric("retard_emission_p99", result.tester.pacing_lateness_p99_ms, "ms")


def narrate_quality(quality: QualityFigures) -> None:
    """Log the scores of a run, and what went wrong with them."""
    logger = PipelineLogger("ANALYSE")
    for name, figures, unit in (
        ("qualité (ViSQOL)", quality.mos_lqo, "MOS-LQO"),
        ("intelligibilité (STOI)", quality.stoi, ""),
        ("qualité (PESQ-WB)", quality.pesq_mos_lqo, "MOS-LQO"),
    ):
        if figures.avg is not None:
            logger.performance_metric(name, figures.avg, unit)
    if quality.dropout_count:
        logger.performance_metric("coupures", quality.dropout_ms, "ms")
    if quality.e_model is not None:
        logger.performance_metric("facteur R (provisoire)", quality.e_model.r_factor, "")
        logger.performance_metric("MOS-CQE (provisoire)", quality.e_model.mos_cqe, "MOS")
    for phrase in quality.phrases:
        for figure, reason in phrase.failures.items():
            logger.warning(f"phrase #{phrase.index} sans {figure}: {reason}")


def narrate_baseline(comparison: BaselineComparison, unreadable: Mapping[str, str]) -> None:
    """Log how a night compares with the earlier ones, and which of those could not be read."""
    logger = PipelineLogger("BASELINE")
    for run_id, reason in unreadable.items():
        logger.warning(f"essai {run_id} laissé de côté: {reason}")
    for note in comparison.notes:
        logger.warning(note)
    say = logger.warning if comparison.change is Change.WORSE else logger.info
    say(baseline_sentence(comparison))


def _narrate_phrase(phrase: PhraseObservation, logger: PipelineLogger) -> None:
    if phrase.end_to_end_ms is None or phrase.received_at is None:
        logger.warning(f"phrase #{phrase.index} non reçue: « {phrase.text} »")
        return
    size = phrase.sample_count * _BYTES_PER_SAMPLE
    logger.audio_received(phrase.index, size, phrase.received_at.timestamp(), {"text": phrase.text})
    logger.latency("envoi", phrase.send_ms)
    logger.latency("bout_en_bout", phrase.end_to_end_ms)
