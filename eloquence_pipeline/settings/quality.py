"""The settings of the scores."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eloquence_pipeline.settings.sections import Section


class EModelSettings(Section):
    """What the E-model (ITU-T G.107) assumes of the codec.

    The ITU publishes no values for Opus: the defaults are those of G.711 with concealment (G.113,
    appendix I), so the rating is provisional.
    """

    ie: Annotated[float, Field(ge=0, le=95)] = Field(
        default=0.0, description="Equipment impairment factor of the codec without loss."
    )
    bpl: Annotated[float, Field(gt=0)] = Field(
        default=25.1, description="Packet-loss robustness factor: higher suffers less from loss."
    )
    burst_r: Annotated[float, Field(ge=1)] = Field(
        default=1.0, description="Burst ratio: 1 is random loss, more is loss in bursts."
    )


class QualitySettings(Section):
    """Scores of the received speech."""

    enabled: bool = Field(default=True, description="Score how well the phrases arrived.")
    workers: Annotated[int, Field(ge=0, le=64)] = Field(
        default=0, description="Processes that score; 0 takes half of the processors, at least two."
    )
    most_phrases: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=20,
        description="Phrases of a run that models score, at most, and two minutes of speech; 0 scores none.",
    )
    e_model: EModelSettings = Field(
        default_factory=EModelSettings, description="What the E-model assumes of the codec."
    )
