"""The words of many sessions at once, in both languages: whose limit it was, and by which figure."""

from __future__ import annotations

from eloquence_pipeline.models.load import LimitSide, LoadLimit
from eloquence_pipeline.reporting.html.text import Text, milliseconds, per_cent
from eloquence_pipeline.reporting.html.words import FIGURES
from eloquence_pipeline.reporting.load import LIMIT_WORDS, SIDE_WORDS

_SIDES = {
    LimitSide.NONE: "nobody",
    LimitSide.TESTER: "the tester",
    LimitSide.SERVER: "the server",
    LimitSide.NETWORK: "the network",
    LimitSide.SERVER_OR_NETWORK: "the server or the network",
}
LIMIT_SIDES = {side: Text(SIDE_WORDS[side], english) for side, english in _SIDES.items()}

_FIGURES = {
    "pacing_lateness_p99_ms": "sent late, p99",
    "event_loop_lag_p99_ms": "event loop late, p99",
    "frames_late_ratio": "frames that came too late",
    "host_busy_ratio": "load of the machine",
    "cells_died": "dead processes of the tester",
    "sessions_lost": "sessions lost",
}
LIMIT_FIGURES = FIGURES | {name: Text(LIMIT_WORDS[name], english) for name, english in _FIGURES.items()}

LIMIT_ADVICE = {
    LimitSide.TESTER: Text(
        "fermez ce qui occupe la machine du testeur, essayez moins de sessions, ou partagez-les entre "
        "plusieurs machines (--cells)",
        "close what keeps the tester's machine busy, try fewer sessions, or share them among several "
        "machines (--cells)",
    ),
    LimitSide.SERVER: Text(
        "donnez plus de cœurs au serveur LiveKit, ou répartissez les salles entre plusieurs nœuds",
        "give the LiveKit server more cores, or spread the rooms over several nodes",
    ),
    LimitSide.NETWORK: Text(
        "vérifiez le débit et les pertes entre cette machine et le serveur LiveKit",
        "check the bandwidth and the losses between this machine and the LiveKit server",
    ),
    LimitSide.SERVER_OR_NETWORK: Text(
        "nommez le point d'accès Prometheus du serveur (tests.load.metrics_url) et relancez : le résultat "
        "dira lequel des deux",
        "name the server's Prometheus endpoint (tests.load.metrics_url) and run it again: the result will "
        "say which of the two",
    ),
}
"""Of each side that can have given up."""


def limit_figure(limit: LoadLimit) -> Text | None:
    """Return the figure that was furthest beyond its bound, with both; None where none was."""
    if not limit.figure:
        return None
    name = LIMIT_FIGURES.get(limit.figure, Text.same(limit.figure))
    if limit.value is None:
        return name
    value = limit_value(limit.figure, limit.value)
    if not limit.bound:
        return Text(f"{name.fr} : {value}", f"{name.en}: {value}")
    bound = limit_bound(limit.figure, limit.bound)
    return Text(f"{name.fr} : {value} (seuil {bound})", f"{name.en}: {value} (threshold {bound})")


def limit_value(figure: str, value: float) -> str:
    """Return a figure of a limit with the unit that its name ends with."""
    if figure.endswith("_ms"):
        return milliseconds(value)
    return per_cent(value) if figure.endswith("_ratio") else f"{value:g}"


def limit_bound(figure: str, bound: float) -> str:
    """Return the last value that is still good, as it was set."""
    if figure.endswith("_ms"):
        return f"≤ {bound:g} ms"
    return f"≤ {100 * bound:g} %" if figure.endswith("_ratio") else f"≤ {bound:g}"
