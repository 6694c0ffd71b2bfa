"""`--log-format json`: every line of the whole command is one JSON object."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import SHORT, Home

pytestmark = pytest.mark.e2e

ENVELOPE = ["timestamp", "level", "component", "kind", "message"]


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_run_is_told_in_json_from_its_servers_to_its_result(served_home: Home) -> None:
    done = served_home.run("--log-format", "json", *SHORT)
    assert done.stderr == ""
    lines = objects(done.stdout)
    assert all(list(line)[: len(ENVELOPE)] == ENVELOPE for line in lines)
    kinds = {line["kind"] for line in lines}
    assert {"info", "latency", "connection", "audio_packet", "audio_received", "network", "metric"} <= kinds
    assert lines[0]["kind"] == "info"
    latency = next(line for line in lines if line.get("content", {}).get("operation") == "envoi")
    assert latency["message"] == f"⚡ LATENCY | envoi: {latency['content']['latency_ms']:.2f} ms"
    result, stored = lines[-1], served_home.only_result()
    # Passed, unless this machine was too busy: what counts here is that the line says what the file does.
    assert (result["kind"], result["content"]["status"]) == ("result", stored["verdict"]["status"])
    assert result["content"]["reasons"] == stored["verdict"]["reasons"]
    assert list(stored)[:8] == [key for key in result["content"] if key in list(stored)[:8]]
    assert result["content"]["latency_stats"] == stored["latency_stats"]
    assert result["content"]["run_id"] == stored["run"]["run_id"]
    assert result["content"]["folder"] == str(served_home.run_folders()[0])
    assert result["content"]["uri"].startswith("s3://eloquence/runs/")


@pytest.mark.parametrize(
    ("arguments", "variables", "part"),
    [
        (("--log-format", "json", "--test", "nonsense"), {}, "nonsense"),
        (("--log-format=json", "--no-such-flag"), {}, "--no-such-flag"),
        (("--test", "basic", "--packets", "3"), {"ELOQUENCE_LOG_FORMAT": "json"}, "--packets"),
        (
            ("--test", "basic"),
            {"ELOQUENCE_LOG_FORMAT": "json", "LIVEKIT_URL": "http://localhost:7880"},
            "ws:// or wss://",
        ),
    ],
)
def test_an_error_is_one_object_on_standard_error(
    home: Home, arguments: tuple[str, ...], variables: dict[str, str], part: str
) -> None:
    done = home.run(*arguments, **variables)
    assert done.returncode == ExitCode.USAGE
    assert not done.stdout
    (error,) = objects(done.stderr)
    assert (error["kind"], error["exit_code"]) == ("error", ExitCode.USAGE)
    assert part in error["message"]
    assert error["remedy"]


def test_the_flag_wins_over_the_variable(home: Home) -> None:
    shown = home.run("--log-format", "text", "down", ELOQUENCE_LOG_FORMAT="json").stdout
    assert shown == "nothing was running\n"
    assert objects(home.run("--log-format", "json", "status").stdout)[0]["content"]["name"] == "livekit"
