"""The drawings of the document, as SVG that is the same for the same figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from calibration.bounds import MOST_OFF_MS, MOST_SAMPLES, fitted, interval
from calibration.live import Live
from calibration.synthetic import Synthetic

_SMALLEST_SAMPLES = 1e-3
_BLUE, _RED = "#1f5fa8", "#b03030"


def draw_synthetic(synthetic: Synthetic, path: Path) -> None:
    """Draw every error of a delay, by damage."""
    figure: Any = Figure(figsize=(8, 4.2), layout="constrained")  # its own types are partly unknown
    axes = figure.subplots()
    spread = np.random.default_rng(0)
    for row, errors in enumerate(synthetic.delays):
        sizes = np.maximum(np.abs(errors.errors_samples), _SMALLEST_SAMPLES)
        places = row + spread.uniform(-0.3, 0.3, len(sizes))
        axes.plot(sizes, places, ".", color=_BLUE, markersize=2.5, alpha=0.5, rasterized=True)
    axes.axvline(MOST_SAMPLES, color=_RED, linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(synthetic.delays)), [errors.damage for errors in synthetic.delays])
    axes.invert_yaxis()
    axes.set_xlabel("absolute error of a phrase's delay in samples at 48 kHz (red: the bound)")
    _save(figure, path)


def draw_live(live: Live, path: Path) -> None:
    """Draw the network share over the added delay, how far it is off, and loss over loss."""
    figure: Any = Figure(figsize=(10.5, 3.4), layout="constrained")
    along, off, loss = figure.subplots(1, 3)
    added = [point.added_ms for point in live.latencies]
    along.plot(added, [point.network_ms for point in live.latencies], "o", color=_BLUE, markersize=4)
    along.set_xlabel("added by the relay, ms")
    along.set_ylabel("network share in the result, ms")
    off.axhspan(-MOST_OFF_MS, MOST_OFF_MS, color=_RED, alpha=0.12)
    off.plot(added, fitted(live).residuals_ms, "o", color=_BLUE, markersize=4)
    off.set_xlabel("added by the relay, ms")
    off.set_ylabel("off the clean path, ms (band: the bound)")
    for point in live.losses:
        low, high = interval(point)
        true = point.dropped / point.arrived
        loss.plot([true * 100] * 2, [low * 100, high * 100], color=_RED, alpha=0.4, linewidth=4)
        loss.plot(true * 100, point.measured_ratio * 100, "o", color=_BLUE, markersize=4)
        loss.plot(true * 100, point.concealed_ratio * 100, "x", color="#666666", markersize=4)
    loss.set_xlabel("dropped by the relay, %")
    loss.set_ylabel("RTP loss (o) and concealment (x), %")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    # Without a date and with names of their own, so that the same figures make the same file.
    settings: Any = {"svg.hashsalt": path.stem, "svg.fonttype": "none"}
    with mpl.rc_context(settings):  # pyright: ignore[reportUnknownMemberType]
        figure.savefig(path, metadata={"Date": None}, dpi=110)
