"""The settings of a load on many machines."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from eloquence_pipeline.settings.sections import Section


class LoadCellSettings(Section):
    """Where the load cells of `--test load --cells N` are carried out."""

    pool: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        default="eloquence",
        description="Prefect work pool of the load cells; it needs the deployment `load-cell/` and its name.",
    )
    start_within_seconds: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=120, description="A load cell that has not begun by then is lost, in seconds."
    )
