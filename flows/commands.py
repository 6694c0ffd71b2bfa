"""What the subcommands do, without the parsing of arguments."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from eloquence_pipeline.errors import ConfigurationError, EloquenceError, ExitCode
from eloquence_pipeline.files import write_atomically
from eloquence_pipeline.models import Archive, ArchiveState, MatrixOutcome, ReconnectionOutcome, VerdictStatus
from eloquence_pipeline.models.load import CapacityOutcome, LoadOutcome
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.capacity import print_capacity
from eloquence_pipeline.reporting.console import shown_on, waiting
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.load import print_load
from eloquence_pipeline.reporting.matrix import print_matrix
from eloquence_pipeline.reporting.reconnection import print_reconnection
from eloquence_pipeline.reporting.settings_table import settings_rows, settings_table
from eloquence_pipeline.reporting.summary import print_summary
from eloquence_pipeline.servers import (
    embedded_servers,
    find_binaries,
    require_media_interface,
)
from eloquence_pipeline.settings import (
    PhraseSettings,
    Settings,
    SpeechSettings,
    load_effective_settings,
    load_settings,
)
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.storage.evidence import require_writable
from eloquence_pipeline.storage.patience import patiently
from eloquence_pipeline.storage.room import require_room
from eloquence_pipeline.storage.store import open_store
from eloquence_pipeline.storage.sync import pending_runs, seal_abandoned, sync
from flows.defaults import default_parameters, section_of
from flows.environment import environment_of, exported, secrets_at_hand, store_at_hand
from flows.machine_files import MachineFiles
from flows.output import report_error
from flows.prefect_settings import PREFECT_ENVIRONMENT, users_own_prefect_api

if TYPE_CHECKING:
    from eloquence_pipeline.models import SuiteOutcome
    from flows.runner import Outcome

_logger = PipelineLogger("COMMAND")


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes
    ----------
    flow
        A scenario, or ``suite`` for all of them.
    parameters
        Of that flow; what is left out is taken from the settings.
    """

    flow: str
    parameters: dict[str, Any]
    output: Path | None
    verbose: bool
    files: MachineFiles = field(default_factory=MachineFiles)


EXIT_CODES = {
    VerdictStatus.PASSED: ExitCode.PASSED,
    VerdictStatus.FAILED: ExitCode.THRESHOLD_MISSED,
    VerdictStatus.INVALID: ExitCode.NOT_CARRIED_OUT,
}
"""What the shell is told of a verdict."""


def run_test(console: Console, options: Options) -> ExitCode:
    """Run one test from nothing to its evidence, and return what the shell is told.

    Raises
    ------
    EloquenceError
        If the test could not be carried out.
    """
    settings = load_settings()
    options = replace(options, parameters=default_parameters(options.flow, settings) | options.parameters)
    require_writable(settings.folders.results)
    require_output(options.output)
    options.files.require(options.flow, require_output)
    require_media_interface()
    if "duration_seconds" in options.parameters:
        # Of a capacity test nobody knows yet how many sessions there will be.
        at_once = options.parameters["sessions"] if options.flow == "load" else 1
        require_room(settings, options.parameters["duration_seconds"], speakers=at_once)
    with shown_on(console, verbose=options.verbose):
        _require_speakable(settings, options)
        _quiet_libraries(verbose=options.verbose)
        try:
            outcome = _carry_out(console, options)
        except EloquenceError as error:
            options.files.write(console, (), {options.parameters.get("test", options.flow): str(error)})
            raise
    if isinstance(outcome, ReconnectionOutcome | LoadOutcome | CapacityOutcome):
        _print_one(console, outcome)
        _write_output(console, options.output, outcome.result.to_json())
        return _code(outcome.result.status, [outcome.archive])
    _print(console, outcome)
    for scenario, error in outcome.errors.items():
        message, _, remedy = error.partition(" → ")
        report_error(f"{scenario}: {message}", remedy=remedy, exit_code=ExitCode.NOT_CARRIED_OUT)
    _write_output(console, options.output, _output_of(outcome, options))
    options.files.write(console, outcome.outcomes, outcome.errors)
    return exit_code(outcome)


def _print_one(console: Console, outcome: ReconnectionOutcome | LoadOutcome | CapacityOutcome) -> None:
    match outcome:
        case ReconnectionOutcome():
            print_reconnection(console, outcome.result, outcome.archive)
        case LoadOutcome():
            print_load(console, outcome.result, outcome.archive)
        case CapacityOutcome():
            print_capacity(console, outcome.result, outcome.archive)


def _write_output(console: Console, output: Path | None, text: str) -> None:
    if output is not None:
        write_atomically(output, text.encode())
        console.print(f"Résultat : {output}", soft_wrap=True, markup=False)


def _print(console: Console, outcome: SuiteOutcome | MatrixOutcome) -> None:
    if isinstance(outcome, MatrixOutcome):
        print_matrix(console, outcome.result, outcome.archive)
        return
    for one in outcome.outcomes:
        print_summary(console, one.result, one.archive)


def _output_of(outcome: SuiteOutcome | MatrixOutcome, options: Options) -> str:
    alone = options.flow not in {"suite", "network"}
    return (outcome.outcomes[0].result if alone else outcome.result).to_json()


def exit_code(outcome: SuiteOutcome | MatrixOutcome) -> ExitCode:
    """Return what the shell is told: a missed threshold says more than a store that was away."""
    return _code(outcome.result.status, [one.archive for one in outcome.outcomes])


def _code(status: VerdictStatus, archives: Sequence[Archive]) -> ExitCode:
    code = EXIT_CODES[status]
    kept_here = any(archive.state is ArchiveState.LOCAL_ONLY for archive in archives)
    return ExitCode.NOT_CARRIED_OUT if code is ExitCode.PASSED and kept_here else code


def _carry_out(console: Console, options: Options) -> Outcome:
    with ExitStack() as stack:
        stack.enter_context(exported(PREFECT_ENVIRONMENT))
        # Before another thread imports Prefect: secrets may stand in its blocks.
        settings = stack.enter_context(secrets_at_hand(options.parameters.get("target", "")))
        # Importing Prefect takes seconds, and so does starting its server.
        importing = stack.enter_context(ThreadPoolExecutor(1)).submit(import_module, "flows.runner")
        with waiting(console, "getting the servers ready") as progress:
            endpoints = stack.enter_context(
                embedded_servers(
                    settings,
                    livekit=not settings.livekit_url,
                    s3=not settings.storage.is_users_own,
                    prefect=not users_own_prefect_api(),
                    progress=progress,
                )
            )
        stack.enter_context(exported(environment_of(endpoints)))
        runner = importing.result()
        api_url = endpoints.prefect.api_url if endpoints.prefect else ""
        return runner.run_flow(options.flow, options.parameters, api_url)


_SCENARIOS = ("basic", "stress", "latency")
"""Those of the suite."""


def _require_speakable(settings: Settings, options: Options) -> None:
    """Refuse phrases that are none, or do not fit into the test, before anything is started."""
    catalogue = load_catalogue(settings.phrases)
    if options.flow == "own_test":
        return  # what it says is known only when it says it
    # The matrix speaks what the basic test does.
    alone = "basic" if options.flow == "network" else options.flow
    chosen = {
        scenario: options.parameters.get("categories") or section_of(scenario, settings).categories
        for scenario in (_SCENARIOS if options.flow == "suite" else (alone,))
    }
    phrases = {scenario: catalogue.phrases(*categories) for scenario, categories in chosen.items()}
    if settings.phrases == PhraseSettings() and settings.speech == SpeechSettings():
        return  # the built-in phrases fit when the built-in voice says them
    # Only now: what synthesises takes a second to import, and every start would wait for it.
    from eloquence_pipeline.speech.preflight import require_speakable  # noqa: PLC0415
    from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer  # noqa: PLC0415

    synthesizer = VoiceSynthesizer.from_settings(settings)
    for scenario, sayable in phrases.items():
        parameters = default_parameters(scenario, settings) | options.parameters
        too_long = require_speakable(sayable, synthesizer, parameters.get("duration_seconds"))
        if too_long and "duration_seconds" not in parameters:
            raise ConfigurationError(
                f"a phrase takes longer than 60 s: « {too_long[0].text[:60]} »", remedy="split it"
            )
        for phrase in too_long:
            _logger.warning(f"too long for the test {scenario}, will not be said: « {phrase.text} »")


def require_output(output: Path | None, option: str = "--output") -> None:
    """Refuse a file that cannot be written, before anything is started.

    Raises
    ------
    ConfigurationError
        If it is a folder, or its folder is missing or not writable.
    """
    if output is None:
        return
    place = output if output.exists() else output.parent
    if output.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        raise ConfigurationError(
            f"{output} cannot be written: it is a folder, or its folder is missing or not writable",
            remedy=f"name a file in a folder of yours with {option}",
        )


def _quiet_libraries(*, verbose: bool) -> None:
    # The SDK logs every retry of a connection as an error; what matters of it is in our own errors.
    logging.getLogger("livekit").setLevel(logging.INFO if verbose else logging.CRITICAL)


def show_settings(console: Console) -> ExitCode:
    """Print every setting, and where it comes from."""
    effective = load_effective_settings()
    if isinstance(console, JsonConsole):
        for key, value, origin in settings_rows(effective):
            console.write("setting", f"{key}: {value}", key=key, value=value, origin=origin)
        return ExitCode.PASSED
    console.print(settings_table(effective))
    if effective.file is not None:
        console.print(f"\n{effective.file.name}: {effective.file}", soft_wrap=True, markup=False)
    return ExitCode.PASSED


def show_schema() -> ExitCode:
    """Print the JSON schema of ``config.json``."""
    print(json.dumps(Settings.json_schema(), indent=2, ensure_ascii=False))
    return ExitCode.PASSED


def prepare_servers(console: Console) -> ExitCode:
    """Find or build the server programs, so that no later command has to."""
    with waiting(console, "looking for the servers") as progress:
        found = find_binaries(load_settings(), ["livekit-server", "minio"], progress)
    for name, binary in found.items():
        console.print(f"{name} {binary.version}: {binary.path}", soft_wrap=True, markup=False)
    return ExitCode.PASSED


def sync_evidence(console: Console) -> ExitCode:
    """Send every run that is over and not yet in the store."""
    results = load_settings().folders.results
    unfinished = seal_abandoned(results)
    pending = pending_runs(results)
    if not pending:
        console.print("every run is in the store already")
        return ExitCode.PASSED
    console.print(f"{len(pending)} run(s) to send")
    for run in unfinished:
        console.print(f"{run.run_id}: its process was killed; it is sent as it is, marked as unfinished")
    with store_at_hand(console) as complete:
        storage = complete.storage
        store = open_store(storage)
        patiently(lambda _: store.ensure(create=storage.create_bucket), storage.patience_seconds)
        archives = sync(
            results,
            store,
            lambda archive: console.print(archive.uri or archive.problem, soft_wrap=True, markup=False),
            patience_seconds=storage.patience_seconds,
        )
    sent_all = all(archive.state is ArchiveState.UPLOADED for archive in archives)
    return ExitCode.PASSED if sent_all else ExitCode.NOT_CARRIED_OUT
