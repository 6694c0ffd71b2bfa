"""Tell what is being said while it is being said, and what was heard afterwards."""

from __future__ import annotations

import time

from eloquence_pipeline.classes import latency_class
from eloquence_pipeline.models import LatencyClass, PhraseObservation, ScenarioResult, SpeechScript
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import ThresholdSettings

_BYTES_PER_SAMPLE = 2

_speech = PipelineLogger("PUBLISHER")
_analysis = PipelineLogger("ANALYSE")


class SpeechNarrator:
    """Log each phrase when it begins, and the progress of the whole script.

    Parameters
    ----------
    script
        What is going to be said.
    """

    def __init__(self, script: SpeechScript) -> None:
        self._script = script
        self._announced = 0

    def at(self, position_samples: int) -> None:
        """Say what there is to say at this position; called about ten times a second."""
        rate = self._script.sample_rate_hz
        for phrase in self._script.phrases[self._announced :]:
            if phrase.start_sample > position_samples:
                break
            self._announced += 1
            size = phrase.sample_count * _BYTES_PER_SAMPLE
            begun_at = time.time() - (position_samples - phrase.start_sample) / rate
            _speech.audio_packet(phrase.index, size, begun_at, {"text": phrase.clip.phrase.text})
        _speech.progress("Transmission", position_samples / rate, self._script.duration_seconds)


def narrate_result(result: ScenarioResult, thresholds: ThresholdSettings) -> None:
    """Log what was heard: a block of lines for each phrase, then the network and the figures."""
    for phrase in result.phrases:
        _narrate_phrase(phrase)
    loss = result.rtp.packet_loss_ratio
    if loss is not None:
        lossy = loss > 0
        _analysis.network("packet_loss", f"{loss * 100:.1f}% de perte détectée", degraded=lossy)
    one_way_ms = result.delay.one_way_delay_ms.avg
    if one_way_ms is not None:
        judged = latency_class(one_way_ms, thresholds)
        _analysis.network(
            "quality",
            f"{str(judged).capitalize()} qualité détectée",
            degraded=judged is LatencyClass.PROBLEMATIC,
        )
    _analysis.performance_metric("débit", result.throughput_pps, "paquets/seconde")
    _analysis.performance_metric("retard_emission_p99", result.tester.pacing_lateness_p99_ms, "ms")


def _narrate_phrase(phrase: PhraseObservation) -> None:
    if phrase.end_to_end_ms is None or phrase.received_at is None:
        _analysis.warning(f"phrase #{phrase.index} non reçue: « {phrase.text} »")
        return
    size = phrase.sample_count * _BYTES_PER_SAMPLE
    _analysis.audio_received(phrase.index, size, phrase.received_at.timestamp(), {"text": phrase.text})
    _analysis.latency("envoi", phrase.send_ms)
    _analysis.latency("bout_en_bout", phrase.end_to_end_ms)
