"""What can be known of the phrases before anything is started."""

from __future__ import annotations

from collections.abc import Sequence

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Clip, Phrase
from eloquence_pipeline.signal.sound_file import LONGEST_SECONDS
from eloquence_pipeline.speech.script import LEAD_IN_SECONDS, TAIL_SECONDS, longest_seconds
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer


def require_speakable(
    phrases: Sequence[Phrase], synthesizer: VoiceSynthesizer, duration_seconds: float | None = None
) -> tuple[Phrase, ...]:
    """Make sure that a test has something to say, by saying as little as is needed to know.

    Phrases are synthesised in the order of their length until one fits, and besides them those that may be
    too long; every recording is converted. So a voice that does not exist, a cache that cannot be written
    and a silent recording are found here as well.

    Parameters
    ----------
    phrases
        Those of the chosen categories.
    synthesizer
        Which will speak.
    duration_seconds
        Length of the test with its silence at both ends; None where the test takes as long as its phrases do.
        No phrase may take more than 60 s.

    Returns
    -------
    tuple of Phrase
        Those that are too long and will never be heard, for a warning.

    Raises
    ------
    ConfigurationError
        If no phrase fits, or one cannot be spoken.
    SynthesisError
        If no sound came out.
    """
    if not phrases:
        raise ConfigurationError("there is no phrase to speak", remedy="name a category that has phrases")
    room_seconds = _room_seconds(duration_seconds)
    rate_wpm = synthesizer.speech.rate_wpm
    clips: list[Clip] = []
    one_fits = False
    for phrase in sorted(phrases, key=lambda each: longest_seconds(each, rate_wpm)):
        if one_fits and not phrase.recording and longest_seconds(phrase, rate_wpm) <= room_seconds:
            continue
        clips.append(synthesizer.synthesise(phrase))
        one_fits = one_fits or clips[-1].duration_seconds <= room_seconds
    if not one_fits:
        raise _too_long(min(clips, key=lambda clip: clip.duration_seconds), duration_seconds)
    return tuple(clip.phrase for clip in clips if clip.duration_seconds > room_seconds)


def _room_seconds(duration_seconds: float | None) -> float:
    if duration_seconds is None:
        return LONGEST_SECONDS
    return min(LONGEST_SECONDS, duration_seconds - LEAD_IN_SECONDS - TAIL_SECONDS)


def _too_long(shortest: Clip, duration_seconds: float | None) -> ConfigurationError:
    said = f"{shortest.phrase.text[:60]!r} takes {shortest.duration_seconds:.1f} s"
    if duration_seconds is None or shortest.duration_seconds > LONGEST_SECONDS:
        return ConfigurationError(
            f"every phrase is too long: the shortest, {said}, and a phrase may take {LONGEST_SECONDS:g} s",
            remedy="split it into several phrases",
        )
    silence_seconds = LEAD_IN_SECONDS + TAIL_SECONDS
    return ConfigurationError(
        f"no phrase fits into a test of {duration_seconds:g} s, of which {silence_seconds:g} s are silence: "
        f"the shortest, {said}",
        remedy="make the test longer with --duration, or choose shorter phrases",
    )
