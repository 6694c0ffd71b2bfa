"""What did not arrive, as three witnesses have it: the phrases, RTP, and the sound itself."""

from __future__ import annotations

from enum import StrEnum

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Ratio, Record


class LossLevel(Record):
    """What one witness says: so many lost out of so many."""

    lost: NonNegativeInt
    total: NonNegativeInt
    ratio: Ratio | None
    """``None`` where there was nothing to lose."""
    low: Ratio | None
    """Of the exact binomial (Clopper-Pearson) 95 % interval of the ratio, as the high."""
    high: Ratio | None


class DisagreementKind(StrEnum):
    """What two witnesses of loss can disagree about."""

    MISSING_OUTSIDE_RTP = "missing_outside_rtp"
    """Sound is missing that was neither lost on the way nor made up by the jitter buffer."""
    MISSING_AND_CONCEALED = "missing_and_concealed"
    """Sound is missing, the jitter buffer made it up, and yet the packets arrived."""
    CONCEALED_WITHOUT_LOSS = "concealed_without_loss"
    HIDDEN_BY_REDUNDANCY = "hidden_by_redundancy"
    PHRASES_WITHOUT_LOSS = "phrases_without_loss"
    """Phrases were not received although what carries them was."""


class Disagreement(Record):
    """Two witnesses that contradict each other beyond chance."""

    kind: DisagreementKind
    speaker: str = ""
    """Whose witnesses they are, where several speak."""
    explanation: str
    """With the figures, and what they point at."""


class LossLevels(Record):
    """The witnesses of loss side by side."""

    phrases: LossLevel
    """Phrases in which not enough was heard to be sure of them."""
    rtp: LossLevel
    """RTP packets expected and not received at the subscriber; the uplink's loss is in it, blackouts are
    not."""
    concealed: LossLevel
    """Samples that the jitter buffer made up (``concealedSamples``), of all that left it."""
    audio: LossLevel
    """Samples of active speech, between 100 and 2000 Hz, that were sent and are not in the recording."""
    audio_undecided_samples: NonNegativeInt
    """Samples of active speech of which that cannot be said: too much noise, or the edge of a gap."""
    disagreements: tuple[Disagreement, ...] = ()
    """Where the witnesses contradict each other beyond chance."""


class Gap(Record):
    """Speech that was sent and not heard; a phrase that was not received is one gap."""

    phrase_index: PositiveInt
    position_in_sent_seconds: NonNegativeFloat
    """Where the gap begins in the WAV of what was sent."""
    position_in_received_seconds: float | None
    """Where it begins in the WAV of what was received; ``None`` for a phrase that was not received."""
    duration_ms: NonNegativeFloat
    whole_phrase: bool
    estimated_words: tuple[str, ...]
    """The words it hit, by their share of the letters of the phrase: an estimate."""


class LossTimeline(Record):
    """What the statistics counted between samples half a second apart, one value a stretch."""

    speaker: str
    seconds: tuple[float, ...]
    """When the stretch ended, from the beginning of the WAV of what was received."""
    packets_lost: tuple[int, ...]
    """Negative where packets came after they had been given up."""
    concealed_samples: tuple[int, ...]


class LossFigures(LossLevels):
    """What did not arrive in the whole run, where, and when."""

    gap_count: NonNegativeInt
    gaps: tuple[Gap, ...]
    """In the order of the phrases; of more than 200 the longest."""
    timelines: tuple[LossTimeline, ...]
    """One a speaker."""
