"""What the settings say about each test, as parameters of its flow."""

from __future__ import annotations

from typing import Any

from eloquence_pipeline.settings import Settings

# A parameter that a flow takes from the settings is one more name here.
_FROM_SETTINGS: dict[str, tuple[str, ...]] = {
    "basic": ("duration_seconds",),
    "stress": ("packets", "interval_ms", "speakers"),
    "latency": ("packets", "interval_ms"),
    "stability": ("duration_seconds",),
    "reconnect": ("repetitions",),
    "load": ("sessions", "background", "duration_seconds", "ramp_up_seconds"),
    "load_many": ("sessions", "background", "duration_seconds", "ramp_up_seconds"),
    "capacity": ("sessions", "duration_seconds"),
}


def default_parameters(flow: str, settings: Settings) -> dict[str, int]:
    """Return the parameters that a flow has when nobody says otherwise.

    Parameters
    ----------
    flow
        A scenario, ``reconnect``, or ``suite``, which asks for each scenario by itself.
    settings
        The effective settings.
    """
    section = section_of(flow, settings)
    return {name: getattr(section, name) for name in _FROM_SETTINGS.get(flow, ())}


def section_of(flow: str, settings: Settings) -> Any:
    """Return what the settings say about a test; None where they say nothing, as of the suite."""
    # A load is the same wherever it is carried.
    name = "load" if flow == "load_many" else flow
    return settings.reconnection if flow == "reconnect" else getattr(settings.tests, name, None)
