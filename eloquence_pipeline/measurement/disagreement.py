"""Where the witnesses of loss contradict each other, and what that points at."""

from __future__ import annotations

from dataclasses import dataclass

from eloquence_pipeline.measurement.loss import PACKET_SECONDS
from eloquence_pipeline.models import Disagreement, DisagreementKind, LossLevel, LossLevels

_LEAST_DIFFERENCE = 0.01
"""Losses come in bursts, which the intervals do not know of; a difference of less than this is not told."""


@dataclass(frozen=True)
class _Witness:
    level: LossLevel
    lost_seconds: float

    def says_more_than(self, other: _Witness) -> bool:
        """Whether it lost more, beyond chance: a larger share and also a longer time."""
        mine, theirs = self.level, other.level
        if mine.ratio is None or theirs.ratio is None or mine.low is None or theirs.high is None:
            return False
        return (
            mine.low > theirs.high
            and mine.ratio - theirs.ratio >= _LEAST_DIFFERENCE
            and self.lost_seconds > other.lost_seconds
        )


def disagreements(
    levels: LossLevels, missing_phrases_seconds: float, rate_hz: int
) -> tuple[Disagreement, ...]:
    """Say in plain words where the witnesses of one speaker contradict each other beyond chance.

    One says more than another when its 95 % interval lies above that of the other, the ratios are at least
    one percentage point apart, and it lost more time: so a burst that happens to fall into speech is no
    contradiction.

    Parameters
    ----------
    levels
        The witnesses.
    missing_phrases_seconds
        Active speech of the phrases that were not received.
    rate_hz
        Of the samples in `levels`.
    """
    rtp = _Witness(levels.rtp, levels.rtp.lost * PACKET_SECONDS)
    concealed = _Witness(levels.concealed, levels.concealed.lost / rate_hz)
    audio = _Witness(levels.audio, levels.audio.lost / rate_hz)
    found: list[Disagreement] = []
    if audio.says_more_than(rtp):
        found.append(_audio_without_rtp(audio, rtp, concealed))
    elif concealed.says_more_than(rtp):
        found.append(
            Disagreement(
                kind=DisagreementKind.CONCEALED_WITHOUT_LOSS,
                explanation=f"the jitter buffer made up {_percent(concealed)} of the sound although "
                f"{_packets(rtp)}: packets came too late or were not sent for a while; look at jitter, "
                "blackouts and the sender",
            )
        )
    if rtp.says_more_than(concealed):
        found.append(
            Disagreement(
                kind=DisagreementKind.HIDDEN_BY_REDUNDANCY,
                explanation=f"{_percent(rtp)} of the RTP packets are missing but only {_percent(concealed)} "
                "of the sound was made up: redundancy (RED or FEC) hid the loss from the ear",
            )
        )
    witnessed_seconds = max(rtp.lost_seconds, concealed.lost_seconds)
    if levels.rtp.ratio is not None and missing_phrases_seconds > witnessed_seconds:
        found.append(
            Disagreement(
                kind=DisagreementKind.PHRASES_WITHOUT_LOSS,
                explanation=f"{levels.phrases.lost} of {levels.phrases.total} phrases were not received "
                f"although {_packets(rtp)}: look for a muted track, a wrong stream, or speech that is hard "
                "to recognise",
            )
        )
    return tuple(found)


def _audio_without_rtp(audio: _Witness, rtp: _Witness, concealed: _Witness) -> Disagreement:
    missing = f"{_percent(audio)} of the speech is missing in the recording although {_packets(rtp)}"
    if audio.says_more_than(concealed):
        return Disagreement(
            kind=DisagreementKind.MISSING_OUTSIDE_RTP,
            explanation=f"{missing}: the jitter buffer made up only {_percent(concealed)} of the sound, so "
            "look at the sender before its encoder and at the receiver after its decoder",
        )
    return Disagreement(
        kind=DisagreementKind.MISSING_AND_CONCEALED,
        explanation=f"{missing}: the jitter buffer made up {_percent(concealed)} of the sound, so packets "
        "came too late or were not sent for a while; look at the jitter buffer, blackouts and the sender",
    )


def _packets(rtp: _Witness) -> str:
    if not rtp.level.lost:
        return "every RTP packet arrived"
    return f"only {_percent(rtp)} of the RTP packets are missing"


def _percent(witness: _Witness) -> str:
    return f"{(witness.level.ratio or 0) * 100:.1f} %"
