"""The command writes the document, and its exit code says whether relay and capture agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from calibration.captured.__main__ import Kept, main
from calibration.captured.conditions import PLANS
from eloquence_pipeline.errors import ConfigurationError
from tests.unit.calibration.test_captured_comparison import CIRCUMSTANCES, truth

pytestmark = pytest.mark.unit


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept" / "captured.json"
    monkeypatch.setattr("calibration.captured.__main__.KEPT", path)
    monkeypatch.setattr("calibration.captured.__main__.DOCUMENT", tmp_path / "document.md")
    return path


def exit_code(*, calls: bool) -> int:
    with pytest.raises(typer.Exit) as ended:
        main(calls=calls)
    return ended.value.exit_code


@pytest.mark.parametrize("lost", [0, 1])
def test_what_was_captured_is_judged_again(
    lost: int, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = truth(PLANS[0]).model_copy(update={"lost_by_capture": lost})
    kept.parent.mkdir()
    kept.write_text(Kept(circumstances=CIRCUMSTANCES, calls=[call]).model_dump_json(), encoding="utf-8")
    assert exit_code(calls=False) == lost
    assert CIRCUMSTANCES.commit in (tmp_path / "document.md").read_text(encoding="utf-8")
    assert ("DIFFERS" in capsys.readouterr().out) == bool(lost)


@pytest.mark.usefixtures("kept")
def test_without_an_earlier_capture_there_is_nothing_to_judge(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(calls=False) == 2
    assert "--no-calls" in capsys.readouterr().err


@pytest.mark.usefixtures("kept")
def test_who_may_not_capture_learns_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("not allowed", remedy="be root")

    monkeypatch.setattr("calibration.captured.__main__.make_calls", refuse)
    assert exit_code(calls=True) == 2
    assert "be root" in capsys.readouterr().err
