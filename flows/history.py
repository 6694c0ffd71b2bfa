"""``eloquence history`` and ``eloquence compare``: nights under each other, and two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import cast

from rich.console import Console

from eloquence_pipeline.errors import ConfigurationError, ExitCode, StorageError
from eloquence_pipeline.measurement.baseline.figure import Figure
from eloquence_pipeline.measurement.baseline.judging import JudgedNight, judge_in_order, split
from eloquence_pipeline.measurement.baseline.night import figures_of, night_of
from eloquence_pipeline.measurement.baseline.pairs import compare_pair, trend
from eloquence_pipeline.models import Drift, Night, PairComparison
from eloquence_pipeline.nights import EarlierNights, read_nights
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.reporting.baseline import PAIR_NOTE, pair_table, pair_warning
from eloquence_pipeline.reporting.console import shown_on
from eloquence_pipeline.reporting.history import History, HistoryNight, print_history
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.servers import has_minio_data
from eloquence_pipeline.settings import BaselineSettings, load_settings
from eloquence_pipeline.storage.run_documents import RunDocuments
from eloquence_pipeline.storage.run_files import RESULTS_FILE
from eloquence_pipeline.storage.upgrade import Document, is_reconnection
from flows.commands import require_output
from flows.environment import store_at_hand
from flows.stored_folder import folder_at_hand

_logger = PipelineLogger("HISTORY")
_PLOTS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class HistoryOptions:
    """What the command line asks for.

    Attributes
    ----------
    scenario
        Its name; every one when empty.
    nights
        How many to show, at most.
    target, network
        Of the nights; those of the newest night where None.
    plot
        File for a picture.
    """

    scenario: str
    nights: int
    target: str | None
    network: str | None
    plot: Path | None


def show_history(console: Console, options: HistoryOptions) -> ExitCode:
    """Print the last nights of each test, and draw those of one.

    Raises
    ------
    ConfigurationError
        If a plot cannot be written, or is asked for without naming a test.
    """
    _require_plot(options)
    with shown_on(console, verbose=False):
        found = _read(console, options.scenario)
        for run_id, reason in found.unreadable.items():
            _logger.warning(f"essai {run_id} laissé de côté: {reason}")
        for note in found.notes:
            _logger.warning(note)
    baseline = load_settings().baseline
    by_test = groupby(sorted(found.nights, key=_test_of), key=_test_of)
    histories = [
        history for _, nights in by_test if (history := _history(list(nights), options, baseline)) is not None
    ]
    for history in histories:
        print_history(console, history)
    if not histories:
        console.print(_nothing(options, found), soft_wrap=True, markup=False)
    elif options.plot is not None:
        # Only now: it takes half a second to import.
        from eloquence_pipeline.reporting.history_plot import write_plot  # noqa: PLC0415

        write_plot(histories[0].nights, options.plot)
        console.print(f"Graphique : {options.plot}", soft_wrap=True, markup=False)
    return ExitCode.PASSED


def _read(console: Console, scenario: str) -> EarlierNights:
    settings, now = load_settings(), datetime.now(UTC)
    if not settings.storage.is_users_own and not has_minio_data(settings):
        # The embedded store would be built and started only to be found empty.
        return read_nights(settings, scenario, now, with_store=False)
    with store_at_hand(console) as complete:
        return read_nights(complete, scenario, now)


def _nothing(options: HistoryOptions, found: EarlierNights) -> str:
    if found.nights:
        known = sorted(
            {(night.conditions.target, night.conditions.network or "aucun") for night in found.nights}
        )
        told = ", ".join(f"cible {target}, réseau {network}" for target, network in known)
        return f"aucune nuit de cette cible et de ce réseau ; il y a : {told}"
    of = f" du test {options.scenario}" if options.scenario else ""
    return f"aucune nuit{of} dans les {load_settings().baseline.days} derniers jours"


def _require_plot(options: HistoryOptions) -> None:
    if options.plot is None:
        return
    if not options.scenario:
        raise ConfigurationError(
            "a plot shows one test", remedy="name it: eloquence history basic --plot FILE"
        )
    if options.plot.suffix.lower() not in _PLOTS:
        raise ConfigurationError(
            f"{options.plot} is no picture", remedy=f"let its name end with {', '.join(_PLOTS)}"
        )
    require_output(options.plot)


def _test_of(night: Night) -> str:
    return night.conditions.scenario


def _history(nights: Sequence[Night], options: HistoryOptions, settings: BaselineSettings) -> History | None:
    """Return the nights that are like the newest one that was asked for; None if there is none."""
    wanted = [
        night
        for night in nights
        if options.target in {None, night.conditions.target}
        and options.network in {None, night.conditions.network, night.conditions.network_conditions or None}
    ]
    if not wanted:
        return None
    newest = max(wanted, key=lambda night: (night.started_at, night.run_id))
    same, _ = split(newest, nights, settings)
    judged = judge_in_order(same, settings)[-options.nights :]
    return History(
        conditions=newest.conditions,
        nights=tuple(HistoryNight(night=one.night, comparison=one.comparison) for one in judged),
        trends=_trends(judged, figures_of(newest.conditions)),
        others=len(nights) - len(same),
    )


def _trends(judged: Sequence[JudgedNight], figures: Sequence[Figure]) -> dict[str, Drift]:
    nights = [one.night for one in judged]
    found = {figure.name: trend(nights, figure.name) for figure in figures}
    return {name: each for name, each in found.items() if each and each.low * each.high > 0}


def show_pair(console: Console, first: str, second: str) -> ExitCode:
    """Print the figures of two runs side by side.

    Raises
    ------
    EloquenceError
        If there is no such run, it cannot be read, or it has no result.
    """
    with shown_on(console, verbose=False):
        nights = [_night(console, name) for name in (first, second)]
    pair = compare_pair(nights[0], nights[1], load_settings().baseline.smallest)
    if isinstance(console, JsonConsole):
        console.write("pair", PAIR_NOTE, content=pair.model_dump(mode="json"))
        return ExitCode.PASSED
    _print_pair(console, pair)
    return ExitCode.PASSED


def _print_pair(console: Console, pair: PairComparison) -> None:
    for letter, night in (("A", pair.first), ("B", pair.second)):
        where = night.conditions
        console.print(
            f"{letter} : {where.scenario} {night.run_id}, {night.started_at:%Y-%m-%d %H:%M} UTC, "
            f"cible {where.target}",
            soft_wrap=True,
            markup=False,
        )
    console.print(pair_table(pair))
    if warning := pair_warning(pair):
        console.print(f"⚠️ {warning}", style="yellow", soft_wrap=True, markup=False)
    console.print(PAIR_NOTE, style="dim", soft_wrap=True, markup=False)


def _night(console: Console, name: str) -> Night:
    with folder_at_hand(console, name) as folder:
        written = RunDocuments(folder).read(RESULTS_FILE)
        if isinstance(written, dict) and is_reconnection(cast(Document, written)):
            return night_of(cast(Document, written))
        return _night_of_a_call(folder)


def _night_of_a_call(folder: Path) -> Night:
    with StoredRun(folder) as run:
        if run.result is None:
            raise StorageError(
                f"the run {run.info.run_id} was interrupted and has no result",
                remedy=f"eloquence replay {run.info.run_id} analyses what was recorded",
            )
        return night_of(run.result)
