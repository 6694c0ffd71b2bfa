"""``python -m calibration.captured``: calls through the relay, captured; compare, write the document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from calibration.captured.calls import MadeCall, make_calls
from calibration.captured.comparison import CallTruth, bounds_of, truth_of
from calibration.captured.conditions import PLANS
from calibration.captured.document import text
from calibration.document import Circumstances
from eloquence_pipeline.errors import EloquenceError

_PROJECT = Path(__file__).resolve().parents[2]
KEPT = _PROJECT / ".calibration" / "captured.json"
DOCUMENT = _PROJECT / "docs" / "accuracy-captured.md"


class Kept(BaseModel):
    """What the last calls came down to, so that the document can be written again."""

    circumstances: Circumstances
    calls: list[CallTruth]


def main(
    calls: Annotated[
        bool, typer.Option(help="Make the calls (four minutes); else take the last ones.")
    ] = True,
) -> None:
    """Compare the relay's counters with captured packets and write docs/accuracy-captured.md.

    Needs Linux and CAP_NET_RAW, and a quiet machine. Ends with 1 if something differs.

    \b
    Examples:
      python -m calibration.captured
      python -m calibration.captured --no-calls
    """  # noqa: D301 - \b keeps typer from joining the lines
    try:
        kept = _measured() if calls else Kept.model_validate_json(KEPT.read_bytes())
    except EloquenceError as error:
        _progress(str(error))
        raise typer.Exit(error.exit_code) from None
    except FileNotFoundError:
        _progress("nothing has been captured here yet: leave --no-calls out")
        raise typer.Exit(2) from None
    DOCUMENT.write_text(text(kept.calls, kept.circumstances), encoding="utf-8")
    bounds = [bound for call in kept.calls for bound in bounds_of(call)]
    for bound in bounds:
        print(f"{'ok    ' if bound.holds else 'DIFFERS'} {bound.required}: {bound.measured}")
    raise typer.Exit(int(not all(bound.holds for bound in bounds)))


def _measured() -> Kept:
    circumstances = Circumstances.now(_PROJECT)
    known: list[CallTruth] = []

    def analyse(made: MadeCall) -> None:
        known.append(truth_of(made))

    make_calls(PLANS, _progress, analyse)
    kept = Kept(circumstances=circumstances, calls=known)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(kept.model_dump_json(), encoding="utf-8")
    return kept


def _progress(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
