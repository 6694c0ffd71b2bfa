"""What each scenario says, with which pauses, and for how long."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.models import STABILITY_TEST, Clip, Phrase, SpeechScript
from eloquence_pipeline.settings import PhraseSettings
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.script import draw_phrases, lay_out, numbered_together, phrases_to_fill

_SEED_BITS = 31
_MATRIX_PAUSE_MS = 1000
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Plan:
    """One scenario with its parameters.

    Attributes
    ----------
    scenario
        Its name.
    categories
        Where its phrases come from.
    shortest_pause_seconds, longest_pause_seconds
        Bounds of the pauses between phrases.
    parameters
        What it was asked for, under the names of the flow's parameters.
    speakers
        How many speak at the same time, each its own phrases.
    phrase_count
        How many phrases each says; None says as many as fit into the duration.
    duration_seconds
        How long it takes; None takes as long as the phrases do.
    """

    scenario: str
    categories: tuple[str, ...]
    shortest_pause_seconds: float
    longest_pause_seconds: float
    parameters: dict[str, JsonValue]
    speakers: int = 1
    phrase_count: int | None = None
    duration_seconds: int | None = None

    def choose_phrases(self, own: PhraseSettings, seed: int, rate_wpm: int) -> dict[str, tuple[Phrase, ...]]:
        """Draw each speaker's phrases from the built-in and the user's own; the same seed draws the same."""
        phrases = load_catalogue(own).phrases(*self.categories)
        return {speaker: self._draw(phrases, own_seed, rate_wpm) for speaker, own_seed in self._seeds(seed)}

    def _draw(self, phrases: Sequence[Phrase], seed: int, rate_wpm: int) -> tuple[Phrase, ...]:
        if self.duration_seconds is not None:
            return phrases_to_fill(
                phrases, seed, self.duration_seconds, self.shortest_pause_seconds, rate_wpm
            )
        return draw_phrases(phrases, seed, self.phrase_count or 0)

    def lay_out(self, clips: Mapping[str, Sequence[Clip]], seed: int) -> dict[str, SpeechScript]:
        """Put each speaker's clips one after the other, with pauses, and number all in their order."""
        return numbered_together(
            {
                speaker: lay_out(
                    clips[speaker],
                    own_seed,
                    self.shortest_pause_seconds,
                    self.longest_pause_seconds,
                    self.duration_seconds,
                )
                for speaker, own_seed in self._seeds(seed)
            }
        )

    def _seeds(self, seed: int) -> list[tuple[str, int]]:
        if self.speakers == 1:
            return [("speaker", seed)]
        return [(f"speaker-{number}", seed + number - 1) for number in range(1, self.speakers + 1)]


def basic_plan(duration_seconds: int, categories: Sequence[str]) -> Plan:
    """Return the plan of a normal conversation, with pauses of 2 to 4 s."""
    return Plan(
        "basic",
        tuple(categories),
        shortest_pause_seconds=2.0,
        longest_pause_seconds=4.0,
        parameters={"duration_seconds": duration_seconds, "categories": list(categories)},
        duration_seconds=duration_seconds,
    )


def stability_plan(duration_seconds: int, categories: Sequence[str]) -> Plan:
    """Return the plan of a long conversation, with the pauses of a normal one."""
    return replace(basic_plan(duration_seconds, categories), scenario=STABILITY_TEST)


def stress_plan(packets: int, interval_ms: int, speakers: int, categories: Sequence[str]) -> Plan:
    """Return the plan of many phrases in quick succession, of several speakers at once."""
    return _counted("stress", packets, interval_ms, categories, speakers)


def latency_plan(packets: int, interval_ms: int, categories: Sequence[str]) -> Plan:
    """Return the plan of phrases in very quick succession."""
    return _counted("latency", packets, interval_ms, categories)


def network_plan(network: str, packets: int, categories: Sequence[str]) -> Plan:
    """Return the plan of a condition of the network matrix; each condition has a name of its own."""
    name = _NOT_IN_NAMES.sub("-", network.lower()).strip("-")
    return _counted(f"network-{name}", packets, _MATRIX_PAUSE_MS, categories)


def _counted(
    scenario: str, packets: int, interval_ms: int, categories: Sequence[str], speakers: int = 1
) -> Plan:
    pause_seconds = interval_ms / MILLISECONDS_PER_SECOND
    several: dict[str, JsonValue] = {"speakers": speakers} if speakers > 1 else {}
    return Plan(
        scenario,
        tuple(categories),
        shortest_pause_seconds=pause_seconds,
        longest_pause_seconds=pause_seconds,
        parameters={
            "packets": packets,
            "interval_ms": interval_ms,
            **several,
            "categories": list(categories),
        },
        speakers=speakers,
        phrase_count=packets,
    )


def choose_seed(seed: int) -> int:
    """Return `seed`, or a fresh one for 0."""
    return seed or secrets.randbits(_SEED_BITS) | 1
