"""`eloquence history` and `eloquence compare` as a user runs them, on runs of this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.replay import StoredRun
from flows.cli import app
from tests.golden.runs import CLEAN, LOSSY
from tests.stored_nights import store_nights, store_reconnection_nights
from tests.unit.replay.conftest import reseal

pytestmark = pytest.mark.integration

PNG = b"\x89PNG"


def eloquence(folder: Path, *arguments: str) -> Result:
    """Run the command in this process: each start of its own would take three seconds."""
    folders = {
        f"ELOQUENCE_FOLDERS__{name.upper()}": str(folder / name) for name in ("results", "data", "state")
    }
    return CliRunner().invoke(app, list(arguments), env=folders | {"NO_COLOR": "1", "COLUMNS": "80"})


def test_the_nights_of_a_test_are_shown_and_drawn(tmp_path: Path) -> None:
    store_nights(tmp_path / "results", [46.0, 47.0, 45.5, 46.5, 46.2, 45.8, 46.9, 86.0, 87.0])
    done = eloquence(tmp_path, "history", "basic", "--nights", "5", "--plot", str(tmp_path / "nights.png"))
    assert done.exit_code == ExitCode.PASSED, done.stderr
    assert (tmp_path / "nights.png").read_bytes().startswith(PNG)
    lines = done.stdout.splitlines()
    assert max(map(len, (line for line in lines if "│" in line))) <= 80
    assert [line.count("▲") for line in lines if "86.0" in line or "87.0" in line][:2] == [2, 2]
    assert len([line for line in lines if "🟢" in line and "│" in line]) == 5
    (told,) = [line for line in lines if "pire que les 7 dernières bonnes nuits" in line]
    assert "délai médian 87.0 ms au lieu de 46.3 ms depuis le" in told
    assert "(2 nuits)" in told
    # Nothing was started for a store that has never been there.
    assert not (tmp_path / "data").exists()


def test_nights_of_disturbed_calls_are_shown_drawn_and_put_side_by_side(tmp_path: Path) -> None:
    nights = store_reconnection_nights(tmp_path / "results", [430, 450, 420, 440, 435, 445, 425, 1900])
    plot = tmp_path / "nights.svg"
    done = eloquence(tmp_path, "history", "reconnect", "--plot", str(plot))
    assert done.exit_code == ExitCode.PASSED, done.stderr
    assert "<svg" in plot.read_text()
    rows = [line for line in done.stdout.splitlines() if "│" in line]
    assert max(map(len, rows)) <= 80
    assert rows[-1].count("1900.0▲") == 2
    assert (
        "pire que les 7 dernières bonnes nuits : coupure médiane 1900.0 ms au lieu de 435.0 ms" in done.stdout
    )
    pair = eloquence(tmp_path, "compare", str(nights[0].path), nights[-1].path.name)
    assert pair.exit_code == ExitCode.PASSED, pair.stderr
    # The median and the longest gap, which are the same of one call, and that of its kind.
    assert pair.stdout.count("+1470.0 ms") == 3


def test_the_history_is_json_when_that_is_asked_for(tmp_path: Path) -> None:
    store_nights(tmp_path / "results", [46.0, 146.0])
    done = eloquence(tmp_path, "--log-format", "json", "history")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["night", "night", "trend"]
    assert [line["content"]["baseline"]["change"] for line in lines[:2]] == ["unknown", "worse"]
    assert lines[1]["content"]["baseline"]["provisional"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("history",), ExitCode.PASSED, "aucune nuit dans les 90 derniers jours"),
        (("history", "--plot", "x.png"), ExitCode.USAGE, "a plot shows one test"),
        (("history", "basic", "--plot", "x.txt"), ExitCode.USAGE, ".png, .svg"),
        (("history", "basic", "--plot", "/no/such/folder/x.png"), ExitCode.USAGE, "/no/such/folder"),
        (("compare", "no-such-run", "."), ExitCode.USAGE, "there is no run 'no-such-run'"),
        (("compare", "20260101T000000Z-abcdef"), ExitCode.USAGE, "B"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_an_exit_code(
    arguments: tuple[str, ...], code: ExitCode, told: str, tmp_path: Path
) -> None:
    done = eloquence(tmp_path, *arguments)
    assert done.exit_code == code, done.stdout + done.stderr
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_two_runs_are_shown_side_by_side_with_a_warning_where_they_differ(tmp_path: Path) -> None:
    folders: list[Path] = []
    for golden in (CLEAN, LOSSY):
        folder = golden.write(tmp_path / "results", seal=False)
        (folder / "results.json").write_text(StoredRun(folder).analyse().to_json())
        reseal(folder)
        folders.append(folder)
    done = eloquence(tmp_path, "compare", str(folders[0]), folders[1].name)
    assert done.exit_code == ExitCode.PASSED, done.stderr
    rows = {line.split("│")[1].strip(): line for line in done.stdout.splitlines() if line.startswith("│")}
    assert "pire" in rows["délai médian"]
    assert "33.3 %" in rows["phrases perdues"]
    assert "test (clean → lossy)" in done.stdout
    assert "rien n'est testé" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if line.startswith("│")) <= 80

    same = eloquence(tmp_path, "--log-format", "json", "compare", folders[0].name, str(folders[0]))
    (line,) = [json.loads(line) for line in same.stdout.splitlines()]
    assert (line["kind"], line["content"]["differing"]) == ("pair", [])


def test_a_run_without_a_result_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = CLEAN.write(tmp_path / "results")
    done = eloquence(tmp_path, "compare", str(folder), str(folder))
    assert done.exit_code == ExitCode.NOT_CARRIED_OUT
    assert "has no result" in done.stderr
    assert f"eloquence replay {folder.name}" in done.stderr
