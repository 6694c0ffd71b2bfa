"""The settings of what the store is given of a run, and how long runs are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eloquence_pipeline.settings.sections import Section

Keep = Literal["everything", "worst", "figures"]


class EvidenceSettings(Section):
    """What the store is given of a run that was measured, and how long runs are kept."""

    keep: Keep = Field(
        default="worst",
        description="What the store is given: everything, so that any machine can analyse the run again; the "
        "figures and the sound of the worst phrases; or the figures alone.",
    )
    worst_phrases: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=5, description="Of how many phrases the store is given the sound, at most."
    )
    flac_from_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=600.0,
        description="Recordings of this length and more are packed as FLAC.",
    )
    most_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=0, description="`eloquence prune` removes runs that are older; 0 sets no bound."
    )
    most_runs: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="`eloquence prune` leaves so many runs of each test; 0 sets no bound."
    )
