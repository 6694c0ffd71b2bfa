"""The settings of disturbed calls, and of coming back into a room."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from eloquence_pipeline.models.disturbance import DisturbanceKind
from eloquence_pipeline.models.reconnection import ReconnectionLimits
from eloquence_pipeline.settings.sections import Categories, Section, wrong_together

Repetitions = Annotated[int, Field(ge=1, le=100)]
_Milliseconds = Annotated[float, Field(gt=0)]


class Rejoining(Section):
    """How somebody who was put out of a room joins it again: exponential backoff with jitter, and limits."""

    first_wait_ms: Annotated[float, Field(ge=0, le=60_000)] = Field(
        default=250.0, description="Wait before the first attempt, in milliseconds."
    )
    factor: Annotated[float, Field(ge=1, le=10)] = Field(
        default=2.0, description="Each wait is this many times the one before it."
    )
    longest_wait_ms: Annotated[float, Field(ge=0, le=600_000)] = Field(
        default=8000.0, description="No wait is longer, in milliseconds."
    )
    jitter_ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5, description="A random share of each wait, up to this, is left out."
    )
    most_attempts: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="Attempts after which it gives up."
    )
    give_up_after_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60.0, description="Time after which no further attempt begins, in seconds."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        first, longest = self.first_wait_ms, self.longest_wait_ms
        if first > longest:
            raise wrong_together(
                f"the waits must rise: first ≤ longest, not {first:g} ≤ {longest:g}",
                "first_wait_ms",
                "longest_wait_ms",
            )
        return self


class KindLimits(Section):
    """Limits of one kind of disturbance; what is left out is that of all."""

    audible_gap_max_ms: _Milliseconds | None = Field(
        default=None, description="Longest audible gap that passes, beyond the outage, in milliseconds."
    )
    recovery_max_ms: _Milliseconds | None = Field(
        default=None, description="Longest recovery that passes, beyond the outage, in milliseconds."
    )


class ReconnectionSettings(Section):
    """What `--test reconnect` does when no flag says otherwise, and what it is judged by."""

    repetitions: Repetitions = Field(default=1, description="How often each disturbance is tried.")
    categories: Categories = Field(
        default=("greetings", "coaching"), description="What is spoken, without a pause."
    )
    audible_gap_max_ms: _Milliseconds = Field(
        default=2000.0,
        description="A longer audible gap fails the test, in milliseconds beyond the outage itself.",
    )
    recovery_max_ms: _Milliseconds = Field(
        default=10_000.0,
        description="A longer time until SDK or client are back fails it, in milliseconds beyond the outage.",
    )
    limits: dict[DisturbanceKind, KindLimits] = Field(
        default={
            DisturbanceKind.SERVER_RESTART: KindLimits(audible_gap_max_ms=10_000, recovery_max_ms=15_000),
            DisturbanceKind.BLACKOUT_20S: KindLimits(audible_gap_max_ms=25_000, recovery_max_ms=25_000),
        },
        description="Other limits, by the kind of disturbance.",
    )
    rejoin: Rejoining = Field(
        default_factory=Rejoining, description="How an end that was put out of the room joins it again."
    )

    def limits_of(self, kind: DisturbanceKind) -> ReconnectionLimits:
        """Return what a call is judged by that was disturbed in this way."""
        own = self.limits.get(kind, KindLimits())
        return ReconnectionLimits(
            audible_gap_max_ms=own.audible_gap_max_ms or self.audible_gap_max_ms,
            recovery_max_ms=own.recovery_max_ms or self.recovery_max_ms,
        )
