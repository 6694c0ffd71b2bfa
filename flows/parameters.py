"""What the parameters of several flows have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from eloquence_pipeline.models import parse_conditions

# Prefect's API refuses by the pattern before there is a run; the rest is looked at when the flow begins.
_NAME = r"[a-z0-9][a-z0-9_-]{0,39}"
_CONDITIONS = r"[a-z]+(\.[a-z]+)?=[a-z0-9.]+( *, *[a-z]+(\.[a-z]+)?=[a-z0-9.]+)*"


def _possible(text: str) -> str:
    if "=" in text:
        parse_conditions(text)
    return text


Network = Annotated[
    str,
    AfterValidator(_possible),
    Field(
        title="Network",
        description="Network of the speakers: a name (clean, wifi, 4g, 3g, train, kitchen-wifi, satellite, "
        "or one of the settings) or conditions (loss=5,latency=100,jitter=20: per cent, ms, ms); empty for "
        "the real one.",
        pattern=rf"^({_NAME}|{_CONDITIONS})?$",
    ),
]
