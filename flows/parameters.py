"""What the parameters of several flows have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import parse_conditions
from eloquence_pipeline.settings import NetworkSettings

# Prefect's API refuses by the pattern before there is a run; the rest is looked at when the flow begins.
_NAME = r"[a-z0-9][a-z0-9_-]{0,39}"
_CONDITION = r"[a-z]+(\.[a-z]+)? *= *[^,=]+"
_CONDITIONS = rf"{_CONDITION}(, *{_CONDITION})*,?"


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
        pattern=rf"^ *({_NAME}|{_CONDITIONS})? *$",
    ),
]


def require_conditions(
    conditions: Sequence[str], must_pass: Sequence[str], networks: NetworkSettings
) -> None:
    """Refuse networks that there are not, before any is tried.

    Raises
    ------
    ConfigurationError
        If there is no such network, or one that must pass is not tried.
    """
    for network in conditions:
        if networks.plan(network) is None:
            raise ConfigurationError("a condition is empty", remedy="the network that does nothing is clean")
    if missing := [network for network in must_pass if conditions and network not in conditions]:
        raise ConfigurationError(
            f"{', '.join(missing)} must pass and is none of the conditions",
            remedy="add it to the conditions, or name others that must pass",
        )
