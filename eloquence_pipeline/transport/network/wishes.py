"""What a program asks of its network, checked before anything changes."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, get_args

from pydantic import ValidationError

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Direction, DirectionConditions, NetworkConditions
from eloquence_pipeline.settings import load_settings

Directions = Literal["both", "uplink", "downlink"]
_CLEAN = NetworkConditions()


class FurtherConditions(TypedDict, total=False):
    """Figures of a network that few ask for; see :class:`~eloquence_pipeline.models.DirectionConditions`."""

    loss_burst_packets: float
    reorder_rate: float
    duplication_rate: float
    bandwidth_kbps: float
    queue_ms: float
    blackout: bool
    outage_every_seconds: float
    outage_seconds: float


def wished_conditions(
    now: NetworkConditions, profile: str, direction: Directions, figures: dict[str, Any]
) -> NetworkConditions:
    """Return the conditions that follow those of now.

    Parameters
    ----------
    now
        What holds; a direction that is not meant keeps it.
    profile
        Name of a network, or conditions as for ``--network``; empty where figures are given.
    direction
        Which is meant.
    figures
        Of :class:`DirectionConditions`, those that are not the usual ones.

    Raises
    ------
    ConfigurationError
        If there is no such network, a figure is impossible, or both are given.
    """
    if direction not in get_args(Directions):
        raise ConfigurationError(
            f"a direction is both, uplink or downlink, not {direction!r}", remedy="leave it out for both"
        )
    if profile and figures:
        raise ConfigurationError(
            f"the network {profile!r} says everything, and {', '.join(figures)} would be said twice",
            remedy="give either a profile or figures",
        )
    wished = _of_profile(profile) if profile else _of_figures(figures)
    meant = {str(one): wished.of(one) if direction in {"both", one} else now.of(one) for one in Direction}
    return NetworkConditions(seed=now.seed, **meant)


def _of_profile(profile: str) -> NetworkConditions:
    plan = load_settings().network.plan(profile)
    return plan.conditions if plan else _CLEAN


def _of_figures(figures: dict[str, Any]) -> NetworkConditions:
    try:
        wished = DirectionConditions.model_validate(figures)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        told = first["msg"].removeprefix("Value error, ")
        given = f", not {first['input']!r}" if first["loc"] else ""
        raise ConfigurationError(
            f"{where}{told}{given}", remedy="rates are from 0 to 1, times in milliseconds from 0 to 60000"
        ) from None
    return NetworkConditions(uplink=wished, downlink=wished)
