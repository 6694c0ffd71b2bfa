"""A flag comes before the settings, and the settings before the flow's own default."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from eloquence_pipeline.reporting.console import make_console
from eloquence_pipeline.settings import Settings
from flows import commands
from flows.commands import Options
from flows.defaults import default_parameters

pytestmark = pytest.mark.unit

OWN = Settings.model_validate(
    {
        "tests": {
            "basic": {"duration_seconds": 9},
            "stress": {"packets": 8, "interval_ms": 7},
            "latency": {"packets": 6},
        },
        "reconnection": {"repetitions": 4},
    }
)


@pytest.mark.parametrize(
    ("flow", "parameters"),
    [
        ("basic", {"duration_seconds": 9}),
        ("stress", {"packets": 8, "interval_ms": 7, "speakers": 1}),
        ("latency", {"packets": 6, "interval_ms": 200}),
        ("stability", {"duration_seconds": 600}),
        ("reconnect", {"repetitions": 4}),
        ("suite", {}),
    ],
)
def test_the_settings_say_what_a_test_does(flow: str, parameters: dict[str, int]) -> None:
    assert default_parameters(flow, OWN) == parameters


def test_a_flag_comes_before_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Options] = []

    class EnoughError(Exception):
        pass

    def carry_out(_console: object, options: Options) -> NoReturn:
        asked.append(options)
        raise EnoughError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELOQUENCE_TESTS__STRESS__PACKETS", "8")
    monkeypatch.setenv("ELOQUENCE_TESTS__STRESS__INTERVAL_MS", "7")
    monkeypatch.setattr(commands, "_carry_out", carry_out)
    monkeypatch.setattr(commands, "require_media_interface", lambda: None)
    options = Options(flow="stress", parameters={"packets": 3, "seed": 5}, output=None, verbose=False)
    with pytest.raises(EnoughError):
        commands.run_test(make_console(), options)
    assert asked[0].parameters == {"packets": 3, "interval_ms": 7, "speakers": 1, "seed": 5}
