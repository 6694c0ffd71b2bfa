from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ConfigurationError, ServerError
from eloquence_pipeline.servers import build as building
from eloquence_pipeline.servers.binaries import cache_folder, find_binaries, find_binary
from eloquence_pipeline.servers.build import go_environment
from eloquence_pipeline.servers.programs import PROGRAMS, Program
from eloquence_pipeline.settings import ServerSettings, Settings

pytestmark = pytest.mark.unit

WriteProgram = Callable[[str, str], Path]

LIVEKIT = PROGRAMS["livekit-server"]


@pytest.fixture
def cached(settings: Settings) -> Path:
    binary = LIVEKIT.cached_in(cache_folder(settings))
    binary.parent.mkdir(parents=True)
    binary.touch(mode=0o755)
    return binary


def test_settings_come_before_path(settings: Settings, program_on_path: WriteProgram, tmp_path: Path) -> None:
    program_on_path("livekit-server", "echo livekit-server version 9.9.9")
    said = tmp_path / "mine"
    said.write_text("#!/bin/sh\necho livekit-server version 1.2.3\n")
    said.chmod(0o755)
    mine = settings.model_copy(update={"servers": ServerSettings.model_validate({"livekit_binary": said})})
    found = find_binary(mine, "livekit-server")
    assert found is not None
    assert (found.path, found.version, found.source) == (said, "1.2.3", "settings")


def test_path_comes_before_cache_whatever_its_version(
    settings: Settings, program_on_path: WriteProgram, cached: Path
) -> None:
    on_path = program_on_path("livekit-server", "echo livekit-server version 1.9.0")
    found = find_binary(settings, "livekit-server")
    assert cached.exists()
    assert found is not None
    assert (found.path, found.version, found.source) == (on_path, "1.9.0", "path")


def test_cache_is_used_without_a_build(
    settings: Settings, program_on_path: WriteProgram, cached: Path
) -> None:
    del program_on_path
    found = find_binaries(settings, ["livekit-server"], progress=pytest.fail)["livekit-server"]
    assert (found.path, found.version, found.source) == (cached, "1.13.5", "cache")


def test_a_setting_that_names_no_program_is_a_usage_error(settings: Settings, tmp_path: Path) -> None:
    wrong = settings.model_copy(
        update={"servers": ServerSettings.model_validate({"minio_binary": tmp_path / "nowhere"})}
    )
    with pytest.raises(ConfigurationError, match="ELOQUENCE_SERVERS__MINIO_BINARY names"):
        find_binary(wrong, "minio")


def test_a_build_leaves_only_the_binary(settings: Settings, program_on_path: WriteProgram) -> None:
    program_on_path("go", _FAKE_GO)
    told: list[str] = []
    found = find_binaries(settings, ["livekit-server"], told.append)["livekit-server"]
    assert found.source == "build"
    assert found.path.read_text() == "-trimpath -ldflags=-s -w -v " + f"{LIVEKIT.package}@{LIVEKIT.version}\n"
    assert _left_in(cache_folder(settings)) == {"build.lock", "livekit-server-1.13.5"}
    assert any("building livekit-server 1.13.5" in line for line in told)


def test_a_failed_build_leaves_nothing_and_says_why(
    settings: Settings, program_on_path: WriteProgram
) -> None:
    program_on_path("go", 'case $1 in env) echo go1.26.1;; *) echo "dial tcp: no network"; exit 1;; esac')
    with pytest.raises(ServerError, match="dial tcp: no network") as caught:
        find_binaries(settings, ["livekit-server"], lambda _line: None)
    assert "ELOQUENCE_SERVERS__LIVEKIT_BINARY" in caught.value.remedy
    assert _left_in(cache_folder(settings)) == {"build.lock"}


def test_an_interrupted_build_is_stopped_and_removed(
    settings: Settings, program_on_path: WriteProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    program_on_path("go", "case $1 in env) echo go1.26.1;; *) while :; do read _ignored; done;; esac")

    def interrupt_when_it_runs(line: str) -> None:
        if "modules downloaded" in line:
            raise KeyboardInterrupt

    monkeypatch.setattr(building, "_PROGRESS_EVERY_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        find_binaries(settings, ["livekit-server"], interrupt_when_it_runs)
    assert _left_in(cache_folder(settings)) == {"build.lock"}


def test_what_a_killed_build_left_is_removed(settings: Settings, program_on_path: WriteProgram) -> None:
    program_on_path("go", _FAKE_GO)
    left = cache_folder(settings) / "build-old"
    left.mkdir(parents=True)
    find_binaries(settings, ["livekit-server"], lambda _line: None)
    assert not left.exists()


def test_two_that_start_at_once_build_once(settings: Settings, program_on_path: WriteProgram) -> None:
    program_on_path("go", 'case $1 in install) echo built >> "$GOTMPDIR/../../../builds";; esac' + _FAKE_GO)
    told: list[str] = []
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(find_binaries, settings, ["livekit-server"], told.append) for _ in range(2)]
    assert both[0].result()["livekit-server"].path == both[1].result()["livekit-server"].path
    assert (settings.folders.cache / "builds").read_text() == "built\n"
    assert "another process is building livekit-server: waiting for it" in told


def test_the_build_keeps_what_the_user_set_for_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    environment = go_environment(tmp_path)
    assert environment["GOPROXY"] == "off"
    assert environment["GOFLAGS"].split() == ["-mod=mod", "-modcacherw"]
    assert environment["CGO_ENABLED"] == "0"
    written_to = ("GOPATH", "GOMODCACHE", "GOCACHE", "GOBIN", "GOTMPDIR")
    assert all(Path(environment[name]).is_relative_to(tmp_path) for name in written_to)


def test_the_builds_are_pinned() -> None:
    assert {one.version for one in PROGRAMS.values()} == {"v1.13.5", "v0.0.0-20260212201848-7aac2a2c5b7c"}
    assert all(isinstance(one, Program) for one in PROGRAMS.values())


def _left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


_FAKE_GO = """
case $1 in
env) echo go1.26.1 ;;
install) shift; echo "go: downloading example v1"; /bin/mkdir -p "$GOBIN"
         echo "$*" > "$GOBIN/server" ;;
esac
"""
