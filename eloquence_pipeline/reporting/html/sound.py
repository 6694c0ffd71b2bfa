"""Phrases to look at and to listen to: what was sent beside what was received."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import soundfile

from eloquence_pipeline.models import PhraseObservation, ScenarioResult
from eloquence_pipeline.reporting.html.blocks import HeardPhrase, Legend, Player, Plot
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text, joined, milliseconds
from eloquence_pipeline.signal.resampling import resample, to_float, to_int16

Int16Samples = npt.NDArray[np.int16]
FloatArray = npt.NDArray[np.float64]

PLAYED_HZ = 24_000
"""What the synthetic voice says has nothing above 11 kHz; half the samples make half the file."""
MOST_SECONDS = 12.0
"""Of a phrase; a longer one is cut, and the report says so."""
_WINDOW_SAMPLES = 512
_COLUMNS, _ROWS = 200, 64
_FLOOR_DB, _STEP_DB = -72.0, 6.0
"""Coarse steps: an eye sees no finer ones, and they make the picture small."""
_OUTLINE_POINTS = 220
_FULL_SCALE = 32_768.0
_SILENT = 1e-9

_SENT, _RECEIVED = Text("émis", "sent"), Text("reçu", "received")
_NOTHING = Text("rien n'a été enregistré", "nothing was recorded")


@dataclass(frozen=True)
class PhraseSound:
    """The sound of one phrase at both ends, from the same moment of the phrase on.

    Attributes
    ----------
    index
        Of the phrase.
    sent, received
        int16 of shape (samples,); empty where nothing was recorded.
    lead_seconds
        How long before the phrase both begin.
    """

    index: int
    sent: Int16Samples
    received: Int16Samples
    sample_rate_hz: int
    lead_seconds: float


def heard_phrases(result: ScenarioResult, sounds: Sequence[PhraseSound]) -> list[HeardPhrase]:
    """Return what there is to hear and see of each phrase of which there is sound."""
    phrases = {phrase.index: phrase for phrase in result.phrases}
    return [_heard(result, phrases[sound.index], _cut(sound)) for sound in sounds if sound.index in phrases]


def _cut(sound: PhraseSound) -> PhraseSound:
    most = round(MOST_SECONDS * sound.sample_rate_hz)
    return PhraseSound(
        sound.index, sound.sent[:most], sound.received[:most], sound.sample_rate_hz, sound.lead_seconds
    )


def _heard(result: ScenarioResult, phrase: PhraseObservation, sound: PhraseSound) -> HeardPhrase:
    several = len(result.speakers) > 1
    whose = f" ({phrase.speaker})" if several else ""
    return HeardPhrase(
        anchor=f"phrase-{phrase.index}",
        title=Text.same(f"Phrase {phrase.index}{whose}"),
        said=phrase.text,
        facts=_facts(result, phrase),
        players=(
            Player(_SENT, sound_data(sound.sent, sound.sample_rate_hz)),
            Player(_RECEIVED, sound_data(sound.received, sound.sample_rate_hz)),
        ),
        plot=_plot(result, phrase, sound),
    )


def _facts(result: ScenarioResult, phrase: PhraseObservation) -> Text:
    facts = [Text("non reçue", "not received")]
    if phrase.received:
        one_way, end_to_end = milliseconds(phrase.one_way_delay_ms), milliseconds(phrase.end_to_end_ms)
        facts = [
            Text(f"aller simple {one_way}", f"one way {one_way}"),
            Text(f"bout en bout {end_to_end}", f"end to end {end_to_end}"),
        ]
        if phrase.received_ratio < 1:
            share = f"{phrase.received_ratio * 100:.0f} %"
            facts.append(Text(f"entendue à {share}", f"{share} of it heard"))
    scores = [one for one in result.quality.phrases if one.index == phrase.index] if result.quality else []
    for score in scores:
        if score.mos_lqo is not None:
            facts.append(Text.same(f"ViSQOL {score.mos_lqo.value:.2f}"))
        if score.stoi is not None:
            facts.append(Text.same(f"STOI {score.stoi.value:.3f}"))
    if phrase.duration_seconds > MOST_SECONDS:
        facts.append(Text(f"les {MOST_SECONDS:g} premières secondes", f"the first {MOST_SECONDS:g} seconds"))
    return joined(" · ", facts)


def sound_data(samples: Int16Samples, sample_rate_hz: int) -> str:
    """Return sound as a ``data:`` address that every browser plays: FLAC, 24 kHz, mono, without loss."""
    if not samples.size:
        return ""
    played = to_int16(resample(to_float(samples), sample_rate_hz, PLAYED_HZ))
    content = BytesIO()
    cast(Any, soundfile).write(content, played, PLAYED_HZ, format="FLAC", subtype="PCM_16")
    return f"data:audio/flac;base64,{base64.b64encode(content.getvalue()).decode()}"


def _plot(result: ScenarioResult, phrase: PhraseObservation, sound: PhraseSound) -> Plot | None:
    if not sound.sent.size:
        return None
    name = f"sound-{phrase.index}"
    drawing = Drawing(name, 400, heights=(1, 1, 1.25, 1.25))
    seconds = sound.sent.size / sound.sample_rate_hz
    for place, (samples, title, ink) in enumerate(
        ((sound.sent, _SENT, "blue"), (sound.received, _RECEIVED, "orange"))
    ):
        _draw_wave(drawing.axes[place], samples, sound, ink)
        drawing.entitle(title if samples.size else title + Text(" : ", ": ") + _NOTHING, place)
    reference = _loudest(sound.sent)
    for place, (samples, title) in enumerate(((sound.sent, _SENT), (sound.received, _RECEIVED)), start=2):
        _draw_spectrogram(drawing.axes[place], samples, sound, reference)
        drawing.entitle(title + Text(" : spectre (kHz)", ": spectrum (kHz)"), place)
    for gap in result.loss.gaps:
        if gap.phrase_index == phrase.index and not gap.whole_phrase:
            begin = gap.position_in_sent_seconds - phrase.position_in_sent_seconds
            for axes in drawing.axes[:2]:
                axes.axvspan(
                    begin, begin + gap.duration_ms / 1000, color=colour("red"), alpha=0.3, linewidth=0
                )
    drawing.axes[-1].set_xlim(-sound.lead_seconds, seconds - sound.lead_seconds)
    drawing.below(Text("secondes de la phrase", "seconds of the phrase"))
    return Plot(
        name,
        drawing.svg(),
        Text(f"Phrase {phrase.index}, émise et reçue", f"Phrase {phrase.index}, sent and received"),
        _told(result, phrase, sound),
        (Legend("blue", _SENT), Legend("orange", _RECEIVED), Legend("red", Text("trou", "gap"))),
    )


def _told(result: ScenarioResult, phrase: PhraseObservation, sound: PhraseSound) -> Text:
    gaps = [gap for gap in result.loss.gaps if gap.phrase_index == phrase.index]
    missing = f"{sum(gap.duration_ms for gap in gaps):.0f} ms"
    if not sound.received.size:
        return _NOTHING
    if not phrase.received:
        return Text("La phrase n'a pas été reçue.", "The phrase was not received.")
    if gaps:
        return Text(
            f"Alignées ; {len(gaps)} trou(s), {missing} de parole manquent.",
            f"Aligned; {len(gaps)} gap(s), {missing} of speech are missing.",
        )
    return Text("Alignées ; aucun trou dans la parole.", "Aligned; no gap in the speech.")


def _draw_wave(axes: Any, samples: Int16Samples, sound: PhraseSound, ink: str) -> None:
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    if not samples.size:
        return
    width = max(1, -(-samples.size // _OUTLINE_POINTS))
    padded = np.pad(samples, (0, -samples.size % width)).reshape(-1, width) / _FULL_SCALE
    # As loud as what was sent: a received phrase that is quieter has to look so.
    scale = max(float(np.max(np.abs(sound.sent / _FULL_SCALE))), _SILENT)
    places = (np.arange(len(padded)) + 0.5) * width / sound.sample_rate_hz - sound.lead_seconds
    low, high = np.min(padded, axis=1) / scale, np.max(padded, axis=1) / scale
    axes.fill_between(places, low, high, color=colour(ink), linewidth=0.6)


def _spectrum_db(samples: Int16Samples) -> FloatArray:
    """Return the spectrum in decibels, shape (_ROWS, columns), up to a quarter of the sample rate."""
    hop = max(1, samples.size // _COLUMNS)
    padded = np.pad(to_float(samples), (_WINDOW_SAMPLES // 2, _WINDOW_SAMPLES))
    starts = np.arange(0, samples.size, hop)
    frames = padded[starts[:, np.newaxis] + np.arange(_WINDOW_SAMPLES)] * np.hanning(_WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    half = power[:, : 2 * _ROWS].reshape(len(starts), _ROWS, 2).mean(axis=2)
    return 10 * np.log10(np.maximum(half, _SILENT)).T


def _loudest(samples: Int16Samples) -> float:
    return float(np.max(_spectrum_db(samples)))


def _draw_spectrogram(axes: Any, samples: Int16Samples, sound: PhraseSound, reference_db: float) -> None:
    highest_khz = sound.sample_rate_hz / _WINDOW_SAMPLES * 2 * _ROWS / 1000
    axes.set_ylim(0, highest_khz)
    axes.grid(visible=False)
    if not samples.size:
        return
    relative = np.clip(_spectrum_db(samples) - reference_db, _FLOOR_DB, 0)
    stepped = np.round(relative / _STEP_DB) * _STEP_DB
    begin = -sound.lead_seconds
    axes.imshow(
        stepped,
        origin="lower",
        aspect="auto",
        interpolation="none",
        cmap="magma",
        vmin=_FLOOR_DB,
        vmax=0,
        extent=(begin, begin + samples.size / sound.sample_rate_hz, 0, highest_khz),
    )
