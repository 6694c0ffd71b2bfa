"""Which calls `--test reconnect` makes: every disturbance, on each side, so many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eloquence_pipeline.models import (
    Clip,
    Disturbance,
    DisturbanceKind,
    DisturbedSide,
    Phrase,
    SpeechScript,
)
from eloquence_pipeline.speech.script import draw_phrases, lay_out, render, speech_goes_on_at

BEFORE_SECONDS = 5.0
"""A second of silence, and four of speech in which the jitter buffer settles and the delay is measured."""
AFTER_SECONDS = 5.0
"""In which the delay is measured again; the last phrase may end up to some seconds before the call does."""

_RECOVERY_SECONDS = {
    DisturbanceKind.SIGNAL_RECONNECT: 4.0,
    DisturbanceKind.DISCONNECT_SIGNAL_ON_RESUME: 5.0,
    DisturbanceKind.SERVER_RESTART: 12.0,
    DisturbanceKind.BLACKOUT_8S: 4.0,
    DisturbanceKind.BLACKOUT_20S: 24.0,
}
_USUAL_RECOVERY_SECONDS = 3.0
_SPEECH_SECONDS = 0.8
_LATEST_SECONDS = 3.0
"""The moment in speech comes by so much later at most."""


@dataclass(frozen=True)
class Case:
    """One call.

    Attributes
    ----------
    seed
        Of what it says.
    duration_seconds
        Its length: what comes before, the disturbance, its usual recovery twice over, and what comes after.
    """

    disturbance: Disturbance
    repetition: int
    seed: int

    @property
    def duration_seconds(self) -> int:
        """Length of the call."""
        kind = self.disturbance.kind
        recovery = _RECOVERY_SECONDS.get(kind, _USUAL_RECOVERY_SECONDS)
        return round(BEFORE_SECONDS + _LATEST_SECONDS + kind.outage_seconds + recovery + AFTER_SECONDS)

    def lay_out(self, clips: Mapping[Phrase, Clip]) -> SpeechScript:
        """Return what is said: phrase after phrase without a pause, so that every gap is in speech."""
        phrases = draw_phrases(list(clips), self.seed, self.duration_seconds)
        return lay_out([clips[phrase] for phrase in phrases], self.seed, 0.0, 0.0, self.duration_seconds)

    def in_speech(self, script: SpeechScript) -> Disturbance:
        """Return the disturbance at a moment in the middle of speech: in a pause nobody would notice it."""
        moment = speech_goes_on_at(render(script), script.sample_rate_hz, BEFORE_SECONDS, _SPEECH_SECONDS)
        return self.disturbance.model_copy(update={"at_seconds": moment})


def plan_cases(
    kinds: Sequence[DisturbanceKind], sides: Sequence[DisturbedSide], repetitions: int, seed: int
) -> list[Case]:
    """Return every call in its order; the repetitions of one disturbance follow each other.

    Parameters
    ----------
    kinds
        None means all of them.
    sides
        None means both; a disturbance that hits both ends at once is carried out whatever they are.
    """
    wanted = sides or (DisturbedSide.SPEAKER, DisturbedSide.LISTENER)
    chosen = [
        (Disturbance(kind=kind, side=side, at_seconds=BEFORE_SECONDS), repetition)
        for kind in dict.fromkeys(kinds or DisturbanceKind)
        for side in kind.sides
        if side in wanted or side is DisturbedSide.BOTH
        for repetition in range(1, repetitions + 1)
    ]
    return [
        Case(disturbance, repetition, seed + number)
        for number, (disturbance, repetition) in enumerate(chosen)
    ]
