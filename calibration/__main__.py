"""``python -m calibration``: put known truth in, compare what comes out, write the document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from calibration import live as live_part
from calibration import synthetic as synthetic_part
from calibration.bounds import live_bounds, synthetic_bounds
from calibration.document import LIVE_PLOT, SYNTHETIC_PLOT, Circumstances, text
from calibration.live import Live
from calibration.plots import draw_live, draw_synthetic
from calibration.synthetic import Synthetic

PROJECT = Path(__file__).resolve().parents[1]
_KEPT = PROJECT / ".calibration"
"""What each half has measured, so that the other half can be measured another time."""


class _Kept(BaseModel):
    circumstances: Circumstances
    synthetic: Synthetic | None = None
    live: Live | None = None


def main(
    synthetic: Annotated[bool, typer.Option(help="Measure signals with known delay (3 minutes).")] = True,
    live: Annotated[bool, typer.Option(help="Measure calls through a server (10 minutes).")] = True,
) -> None:
    """Compare the instrument with known truth and write docs/accuracy.md with its drawings.

    Calls through a server need a quiet machine. A half that is left out is taken from its last run.

    \b
    Examples:
      python -m calibration
      python -m calibration --no-live
      python -m calibration --no-synthetic
    """  # noqa: D301 - \b keeps typer from joining the lines
    _KEPT.mkdir(exist_ok=True)
    if synthetic:
        measured = synthetic_part.calibrate(_progress)
        _keep("synthetic", _Kept(circumstances=Circumstances.now(PROJECT), synthetic=measured))
    if live:
        called = live_part.calibrate(_progress)
        _keep("live", _Kept(circumstances=Circumstances.now(PROJECT), live=called))
    raise typer.Exit(_written(_kept("synthetic"), _kept("live")))


def _written(signals: _Kept | None, calls: _Kept | None) -> int:
    """Write the document from what there is, and return 1 if a bound is missed."""
    if signals is None or signals.synthetic is None:
        _progress("signals have never been measured here: run python -m calibration --no-live")
        return 2
    docs = PROJECT / "docs"
    bounds = synthetic_bounds(signals.synthetic)
    draw_synthetic(signals.synthetic, docs / SYNTHETIC_PLOT)
    if calls is not None and calls.live is not None:
        bounds += live_bounds(calls.live)
        draw_live(calls.live, docs / LIVE_PLOT)
    document = text(
        signals.synthetic,
        signals.circumstances,
        calls.live if calls else None,
        calls.circumstances if calls else None,
    )
    (docs / "accuracy.md").write_text(document, encoding="utf-8")
    for bound in bounds:
        print(f"{'ok    ' if bound.holds else 'MISSED'} {bound.required}: {bound.measured}")
    return int(not all(bound.holds for bound in bounds))


def _keep(half: str, kept: _Kept) -> None:
    (_KEPT / f"{half}.json").write_text(kept.model_dump_json(), encoding="utf-8")


def _kept(half: str) -> _Kept | None:
    path = _KEPT / f"{half}.json"
    return _Kept.model_validate_json(path.read_bytes()) if path.exists() else None


def _progress(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
