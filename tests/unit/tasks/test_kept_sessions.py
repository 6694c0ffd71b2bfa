"""What is kept of the recordings of many sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.models.load import LoadResult, LoadWish
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.settings.evidence import Keep
from tasks.load import WORST_SESSIONS, leave_out
from tests import loads

pytestmark = pytest.mark.unit

FILES = {"sent.wav", "received.wav", "transmission.json", "sent_timings.npz"}
SOUND = {"sent.wav", "received.wav"}


def result() -> LoadResult:
    delays = (40.0, 90.0, 50.0, 70.0, 60.0)
    sessions = [loads.session(number, [delay]) for number, delay in enumerate(delays, start=1)]
    return analyse_load(
        loads.RUN,
        LoadWish(sessions=5, duration_seconds=10),
        [loads.cell(1, sessions)],
        host=loads.host(),
        server=None,
        thresholds=ThresholdSettings(),
    )


def left(folder: Path, keep: Keep) -> dict[str, set[str]]:
    for number in range(1, 6):
        place = folder / f"session-{number:03d}"
        place.mkdir()
        for name in FILES:
            (place / name).touch()
    (folder / "results.json").touch()
    leave_out(folder, result(), keep)
    assert (folder / "results.json").exists()
    return {
        place.name: {path.name for path in place.iterdir()} for place in folder.iterdir() if place.is_dir()
    }


def test_everything_is_kept_where_the_settings_say_so(tmp_path: Path) -> None:
    assert left(tmp_path, "everything") == {f"session-{number:03d}": FILES for number in range(1, 6)}


def test_the_sound_of_the_worst_sessions_is_kept_and_the_figures_of_all(tmp_path: Path) -> None:
    kept = left(tmp_path, "worst")
    with_sound = {name for name, files in kept.items() if files & SOUND}
    assert with_sound == {"session-002", "session-004", "session-005"}
    assert len(with_sound) == WORST_SESSIONS
    assert all(files >= FILES - SOUND for files in kept.values())


def test_of_figures_alone_no_recording_is_left(tmp_path: Path) -> None:
    assert left(tmp_path, "figures") == {}
