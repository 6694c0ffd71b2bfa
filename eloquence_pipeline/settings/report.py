"""The settings of the HTML report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from eloquence_pipeline.settings.sections import Section


class ReportSettings(Section):
    """The HTML report of each run."""

    language: Literal["", "fr", "en"] = Field(
        default="", description="What is shown first: fr, en, or that of the browser if empty."
    )
    phrases: Annotated[int, Field(ge=0, le=20)] = Field(
        default=4,
        description="Of how many of the worst phrases the report has the sound, at most; each takes 0.1 to "
        "0.3 MB. With `evidence.keep` figures there is none.",
    )
