"""All checks, in the order in which a test needs what they look at."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.pipeline_logger import ROOT_LOGGER
from eloquence_pipeline.reporting.checks import Check, CheckStatus, print_check
from eloquence_pipeline.settings import Settings, load_settings
from flows.doctor import installation, machine
from flows.doctor.guard import Step, guarded
from flows.doctor.prefect_api import prefect_api
from flows.doctor.store import store
from flows.doctor.voice_path import voice_path


def diagnose(console: Console) -> ExitCode:
    """Look at everything that a test needs, and print each finding as soon as it is known.

    Returns
    -------
    ExitCode
        ``NOT_CARRIED_OUT`` if something is red: a test would end so, too.

    Raises
    ------
    ConfigurationError
        If the settings themselves are wrong.
    """
    settings = load_settings()
    found: set[CheckStatus] = set()
    with (
        TemporaryDirectory(prefix="eloquence-doctor-") as folder,
        _silence(),
        closing(checks(settings, Path(folder))) as results,
    ):
        for check in results:
            print_check(console, check)
            found.add(check.status)
    return ExitCode.NOT_CARRIED_OUT if CheckStatus.FAILED in found else ExitCode.PASSED


def checks(settings: Settings, folder: Path) -> Generator[Check]:
    """Carry out the checks one after the other; the scheduler is looked at while nothing else runs."""
    yield from map(guarded, _of_this_machine(settings))
    yield from voice_path(settings, folder)
    yield guarded(("stockage S3", lambda: store("stockage S3", settings, folder)))
    yield guarded(("API Prefect", lambda: prefect_api("API Prefect")))


def _of_this_machine(settings: Settings) -> Iterator[Step]:
    yield "réglages", lambda: installation.configuration("réglages", settings)
    yield "versions", lambda: installation.versions("versions")
    yield "dossiers", lambda: installation.folders("dossiers", settings)
    yield "disque", lambda: machine.disks("disque", settings)
    yield "mémoire", lambda: machine.memory("mémoire")
    yield "charge", lambda: machine.load("charge")
    yield "horloge", lambda: machine.clock("horloge")
    yield "ordonnancement", lambda: machine.scheduling("ordonnancement", settings.thresholds)
    yield "moteur TTS", lambda: installation.speech("moteur TTS", settings)
    yield "livekit-server", lambda: installation.program("livekit-server", "livekit-server", settings)
    yield "minio", lambda: installation.program("minio", "minio", settings)


@contextmanager
def _silence() -> Generator[None]:
    """Keep the log lines of what is used here away: each check says in one line what there is to say."""
    ours, sdk = logging.getLogger(ROOT_LOGGER), logging.getLogger("livekit")
    before = ours.propagate, sdk.level
    nowhere = logging.NullHandler()
    ours.addHandler(nowhere)
    ours.propagate = False
    sdk.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        ours.removeHandler(nowhere)
        ours.propagate = before[0]
        sdk.setLevel(before[1])
