"""``eloquence replay``: analyse a stored run again, without any server and without Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.files import write_atomically
from eloquence_pipeline.measurement.comparison import compare
from eloquence_pipeline.models import Comparison, RunInfo
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.reporting.comparison_table import print_comparison
from eloquence_pipeline.reporting.console import shown_on
from eloquence_pipeline.reporting.summary import print_summary
from eloquence_pipeline.settings import ThresholdSettings, load_settings
from eloquence_pipeline.storage.stored_run import RunContent
from flows.commands import EXIT_CODES, require_output
from flows.stored_folder import folder_at_hand

_logger = PipelineLogger("REPLAY")


@dataclass(frozen=True)
class ReplayOptions:
    """What the command line asks for.

    Attributes
    ----------
    run
        What names the run.
    by_current_thresholds
        Judge by the thresholds of the settings instead of those by which it was judged.
    """

    run: str
    by_current_thresholds: bool
    output: Path | None
    verbose: bool


def replay_run(console: Console, options: ReplayOptions) -> ExitCode:
    """Analyse a stored run again and compare the figures with the stored ones; the run stays as it is.

    Returns
    -------
    ExitCode
        By the new verdict, as of a new run.

    Raises
    ------
    EloquenceError
        If there is no such run, or it cannot be read or measured.
    """
    settings = load_settings()
    require_output(options.output)
    with (
        shown_on(console, verbose=options.verbose),
        folder_at_hand(console, options.run) as folder,
        StoredRun(folder, results=settings.folders.results) as run,
    ):
        bounds = settings.thresholds if options.by_current_thresholds else run.content.thresholds
        _tell_what_is_missing(run.content, bounds)
        result = run.analyse(bounds)
        print_summary(console, result)
        if run.result is not None:
            comparison = compare(run.result, result)
            print_comparison(console, comparison)
            _explain(comparison, run.info)
    if options.output is not None:
        write_atomically(options.output, result.to_json().encode())
        console.print(f"Résultat : {options.output}", soft_wrap=True, markup=False)
    return EXIT_CODES[result.verdict.status]


def _explain(comparison: Comparison, info: RunInfo) -> None:
    """Say what may be behind figures that differ though the method does not."""
    if comparison.is_same or comparison.stored_method_version != comparison.method_version:
        return
    now = {name: version(name) for name in ("numpy", "scipy")}
    other = [f"{name} {info.versions[name]} then, {now[name]} now" for name in now if name in info.versions]
    _logger.warning(f"the method is the same: compare the thresholds and the packages ({'; '.join(other)})")


def _tell_what_is_missing(content: RunContent, bounds: ThresholdSettings | None) -> None:
    if content.is_unfinished:
        _logger.warning("the run's process was killed: what was recorded until then is analysed")
    if not content.is_verified:
        _logger.warning("the run has no manifest: only the recordings could be verified")
    if content.result is None:
        _logger.warning("the run has no stored result to compare with")
    if bounds is None:
        _logger.warning("its thresholds were not written down; it is judged by the defaults")
