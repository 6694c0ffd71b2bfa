"""What each scenario says, and with which pauses."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from eloquence_pipeline.models import Clip, Phrase, SpeechScript
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.script import draw_phrases, lay_out

_SEED_BITS = 31


@dataclass(frozen=True)
class Plan:
    """Categories of phrases and bounds of the pauses between them."""

    categories: tuple[str, ...]
    shortest_pause_seconds: float
    longest_pause_seconds: float

    def choose_phrases(self, seed: int, duration_seconds: int, rate_wpm: int) -> tuple[Phrase, ...]:
        """Draw phrases that fill `duration_seconds`; the same seed draws the same."""
        phrases = load_catalogue().phrases(*self.categories)
        return draw_phrases(phrases, seed, duration_seconds, self.shortest_pause_seconds, rate_wpm)

    def lay_out(self, clips: Sequence[Clip], seed: int, duration_seconds: int) -> SpeechScript:
        """Put the synthesised phrases one after the other, with random pauses."""
        return lay_out(clips, seed, duration_seconds, self.shortest_pause_seconds, self.longest_pause_seconds)


BASIC = Plan(("greetings", "coaching"), shortest_pause_seconds=2.0, longest_pause_seconds=4.0)


def choose_seed(seed: int) -> int:
    """Return `seed`, or a fresh one for 0."""
    return seed or secrets.randbits(_SEED_BITS) | 1
