"""LiveKit servers of the user's own, by their names."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from eloquence_pipeline.settings.sections import Section
from eloquence_pipeline.settings.values import BlockName, LiveKitUrl, MetricsUrl

EMBEDDED_TARGET = "embedded"
"""Name of the server that the pipeline runs itself."""

TargetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]
_Variable = Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]


class TargetSettings(Section):
    """A LiveKit server that a test can name; holds no secret, only where each is kept."""

    url: Annotated[LiveKitUrl, Field(min_length=1)] = Field(description="Address of the server.")
    metrics_url: MetricsUrl = Field(
        default="", description="Prometheus endpoint of the server, by which load tests judge it."
    )
    api_key_variable: _Variable = Field(
        default="", description="Variable, of the environment or `.env`, that holds the API key."
    )
    api_secret_variable: _Variable = Field(
        default="", description="Variable, of the environment or `.env`, that holds its secret."
    )
    api_key_block: BlockName = Field(default="", description="Prefect Secret block that holds the API key.")
    api_secret_block: BlockName = Field(default="", description="Prefect Secret block that holds its secret.")

    @model_validator(mode="after")
    def _credentials_have_one_place(self) -> Self:
        for what, variable, block in (
            ("api_key", self.api_key_variable, self.api_key_block),
            ("api_secret", self.api_secret_variable, self.api_secret_block),
        ):
            if bool(variable) == bool(block):
                raise ValueError(f"needs either {what}_variable or {what}_block")
        return self


NO_TARGETS: dict[str, TargetSettings] = {}
