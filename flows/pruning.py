"""``eloquence prune``: remove old runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.settings import load_settings
from eloquence_pipeline.storage.patience import patiently
from eloquence_pipeline.storage.pruning import Bounds, OldRun, prunable, prune
from eloquence_pipeline.storage.store import open_store
from flows.environment import store_at_hand

_PLACES = {"store": "in the store", "folder": "on this machine"}


@dataclass(frozen=True)
class PruneOptions:
    """What the command line asks for.

    Attributes
    ----------
    most_days, most_runs
        None takes that of the settings.
    for_good
        Remove them, instead of naming them.
    """

    most_days: int | None
    most_runs: int | None
    for_good: bool


def prune_runs(console: Console, options: PruneOptions) -> ExitCode:
    """Name the runs that are too old, or remove them.

    Raises
    ------
    EloquenceError
        If nothing says what is too old, or the store does not answer or refuses.
    """
    settings = load_settings()
    evidence = settings.evidence
    bounds = Bounds(
        evidence.most_days if options.most_days is None else options.most_days,
        evidence.most_runs if options.most_runs is None else options.most_runs,
    )
    results = settings.folders.results.absolute()
    with store_at_hand(console) as complete:
        store = open_store(complete.storage)
        patience_seconds = complete.storage.patience_seconds
        old = patiently(lambda _: prunable(results, store, bounds, datetime.now(UTC)), patience_seconds)

        def removed(run: OldRun) -> None:
            console.print(f"removed {_told(run)}", soft_wrap=True, markup=False, highlight=False)

        if not old:
            console.print("there is nothing to remove")
        elif options.for_good:
            for run in old:
                patiently(lambda _, one=run: prune([one], results, store), patience_seconds)
                removed(run)
        else:
            for run in old:
                console.print(f"would go: {_told(run)}", soft_wrap=True, markup=False, highlight=False)
            console.print(f"{len(old)} to remove; nothing was removed yet: add --yes")
    return ExitCode.PASSED


def _told(run: OldRun) -> str:
    return f"{run.prefix.rstrip('/')} ({_PLACES[run.where]})"
