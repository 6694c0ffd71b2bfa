"""Earlier runs as nights, from the store and from this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.measurement.baseline.judging import earliest_start, judge_night
from eloquence_pipeline.measurement.baseline.night import night_of
from eloquence_pipeline.models import BaselineComparison, LeftOut, Night, ReconnectionResult, ScenarioResult
from eloquence_pipeline.settings import BaselineSettings, Settings
from eloquence_pipeline.storage.past_results import Period, past_results
from eloquence_pipeline.storage.store import EvidenceStore, open_store


@dataclass(frozen=True)
class EarlierNights:
    """What could be read of earlier runs.

    Attributes
    ----------
    nights
        Of any conditions, oldest first.
    unreadable
        Why a run could not be read, by its id.
    notes
        What else kept runs from being read.
    """

    nights: tuple[Night, ...]
    unreadable: dict[str, str]
    notes: tuple[str, ...]


def read_nights(
    settings: Settings, scenario: str, until: datetime, *, with_store: bool = True
) -> EarlierNights:
    """Read the runs of a scenario in the days of the look-back.

    Parameters
    ----------
    settings
        Store, results folder, and how far to look back.
    scenario
        Its name; of every scenario when empty.
    until
        The end of the look-back.
    with_store
        False reads this machine alone.

    Returns
    -------
    EarlierNights
        Never an error: what could not be read is named there.
    """
    notes: list[str] = []
    store: EvidenceStore | None = None
    if with_store:
        try:
            store = open_store(settings.storage)
        except EloquenceError as error:
            notes.append(f"the store could not be read, only this machine was: {error.message}")
    # A day more: the folder is called after the day on which a run began.
    first = earliest_start(until, settings.baseline).astimezone(UTC).date()
    period = Period(first, (until.astimezone(UTC) + timedelta(days=1)).date())
    found = past_results(store, settings.folders.results.absolute(), scenario, period, night_of)
    nights = sorted(found.taken.values(), key=lambda night: (night.started_at, night.run_id))
    return EarlierNights(tuple(nights), found.unreadable, (*notes, *found.notes))


def compared_with(
    result: ScenarioResult | ReconnectionResult, earlier: EarlierNights, settings: BaselineSettings
) -> BaselineComparison:
    """Compare a result with the last good nights of the same conditions."""
    comparison = judge_night(night_of(result), earlier.nights, settings)
    left_out = dict(comparison.left_out)
    if earlier.unreadable:
        left_out[LeftOut.UNREADABLE] = len(earlier.unreadable)
    return comparison.model_copy(update={"left_out": left_out, "notes": (*comparison.notes, *earlier.notes)})
