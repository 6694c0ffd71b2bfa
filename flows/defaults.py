"""What the settings say about each test, as parameters of its flow."""

from __future__ import annotations

from eloquence_pipeline.settings import ScenarioSettings

# A parameter that a flow takes from the settings is one more name here.
_FROM_SETTINGS: dict[str, tuple[str, ...]] = {
    "basic": ("duration_seconds",),
    "stress": ("packets", "interval_ms", "speakers"),
    "latency": ("packets", "interval_ms"),
    "stability": ("duration_seconds",),
}


def default_parameters(flow: str, tests: ScenarioSettings) -> dict[str, int]:
    """Return the parameters that a flow has when nobody says otherwise.

    Parameters
    ----------
    flow
        A scenario, or ``suite``, which asks for each scenario by itself.
    tests
        The effective settings.
    """
    return {name: getattr(getattr(tests, flow), name) for name in _FROM_SETTINGS.get(flow, ())}
