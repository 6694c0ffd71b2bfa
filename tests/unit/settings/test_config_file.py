"""config.json: what it sets, and how a wrong one is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.settings import Settings, choose_file, load_settings
from tests.unit.settings.conftest import WriteConfig

pytestmark = pytest.mark.unit

OWN_SERVER = {"livekit_url": "ws://localhost:7880", "api_key": "devkey", "api_secret": "secret"}


def refusal() -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert refused.value.exit_code is ExitCode.USAGE
    assert refused.value.remedy
    return refused.value


def test_the_seeds_four_keys_name_a_server(write: WriteConfig) -> None:
    write(OWN_SERVER | {"room_name": "salon"})
    settings = load_settings()
    assert (settings.livekit_url, settings.api_key) == ("ws://localhost:7880", "devkey")
    assert settings.api_secret.get_secret_value() == "secret"
    assert settings.room_name == "salon"


def test_without_a_file_the_defaults_run() -> None:
    assert load_settings() == Settings()


def test_an_empty_object_changes_nothing(write: WriteConfig) -> None:
    write(b"\xef\xbb\xbf {}\r\n")
    assert load_settings() == Settings()


def test_the_schema_that_a_file_names_is_for_the_editor(write: WriteConfig) -> None:
    write({"$schema": "./docs/config.schema.json"})
    assert load_settings() == Settings()


def test_a_named_file_takes_the_place_of_the_usual_one(write: WriteConfig) -> None:
    write({"target": "usual"})
    named = write({"target": "named"}, "elsewhere/own.json")
    choose_file("elsewhere/own.json")
    assert os.environ["ELOQUENCE_CONFIG"] == str(named)
    assert load_settings().target == "named"


def test_a_named_file_is_found_from_another_folder(
    write: WriteConfig, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write({"target": "named"}, "own.json")
    choose_file("own.json")
    monkeypatch.chdir(tmp_path_factory.mktemp("another"))
    assert load_settings().target == "named"


def test_a_name_with_a_tilde_is_in_the_home_folder(
    write: WriteConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"target": "named"}, "own.json")
    monkeypatch.setenv("HOME", str(folder))
    choose_file("~/own.json")
    assert load_settings().target == "named"


def test_an_empty_name_reads_no_file(write: WriteConfig) -> None:
    write({"target": "usual"})
    choose_file("")
    assert load_settings().target == ""


def test_a_named_file_that_is_not_there_is_refused() -> None:
    choose_file("nope.json")
    error = refusal()
    assert "nope.json cannot be read: No such file" in error.message
    assert "--config" in error.remedy


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "it is empty"),
        (b"\n  \n", "it is empty"),
        (b'{"target": "x",\n "room_name" "y"}', "line 2, column 14"),
        (b"{'target': 'x'}", "line 1, column 2"),
        (b"[]", "has to be a JSON object"),
        (b"null", "has to be a JSON object"),
        (b'{"target": "x", "target": "y"}', 'the key "target" stands twice'),
        (b'{"speech": {"volume": 1, "volume": 1}}', 'the key "volume" stands twice'),
        (b'{"speech": {"volume": NaN}}', "NaN is no number"),
        (b'{"speech": {"volume": -Infinity}}', "-Infinity is no number"),
        (b'{"speech": {"volume": 1e999}}', "1e999 is too large"),
        (b'{"speech": {"rate_wpm": ' + b"1" * 5000 + b"}}", "thousands of digits"),
        (b'{"target": "\\ud800"}', "half of a character"),
        (b'{"target": "\xff"}', "is not UTF-8 (byte 12)"),
        ('{"target": "x"}'.encode("utf-16"), "is not UTF-8 (byte 0)"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "nested too deeply"),
        (b" " * (1024 * 1024 + 1), "is larger than 1 MiB"),
        (b"\0" * 10, "line 1, column 1"),
    ],
)
def test_what_is_no_configuration_is_refused_in_one_line(
    write: WriteConfig, content: bytes, part: str
) -> None:
    write(content)
    error = refusal()
    assert error.message.startswith("config.json ")
    assert part in error.message
    assert "\n" not in error.message
    assert "config_example.json" in error.remedy or "move it away" in error.remedy


def test_the_largest_file_that_is_read(write: WriteConfig) -> None:
    write(b"{}" + b" " * (1024 * 1024 - 2))
    assert load_settings() == Settings()


def test_a_folder_or_a_pipe_is_refused_and_nothing_hangs(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    for name in ("pipe", "folder"):
        choose_file(name)
        assert refusal().message == f"{name} is no regular file"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"thresholds": {"latency_excelent_ms": 90}},
            "thresholds.latency_excelent_ms: unknown key; did you mean latency_excellent_ms?",
        ),
        ({"roomname": "x"}, "roomname: unknown key; did you mean room_name?"),
        ({"latency_good_ms": 90}, "latency_good_ms: unknown key; did you mean thresholds.latency_good_ms?"),
        ({"speech": {"zzz": 1}}, "speech.zzz: unknown key; there are voice, rate_wpm, volume"),
        (
            {"tests": {"basic": {"duration": 30}}},
            "tests.basic.duration: unknown key; did you mean duration_seconds?",
        ),
        (
            {"phrases": {"categories": {"own": [{"text": "a", "audio": "a.wav", "txt": ""}]}}},
            "phrases.categories.own[0].txt: unknown key; did you mean text?",
        ),
        ({"speech": {"$schema": "x"}}, "speech.$schema: unknown key; there are voice, rate_wpm, volume"),
        ({"thresholds": 3}, "thresholds: should be an object, not 3"),
        ({"tests": {"basic": []}}, "tests.basic: should be an object"),
        ({"speech": {"rate_wpm": 79}}, "speech.rate_wpm: should be at least 80, not 79"),
        ({"speech": {"rate_wpm": "150"}}, 'speech.rate_wpm: should be a whole number, not "150"'),
        ({"speech": {"rate_wpm": 150.5}}, "speech.rate_wpm: should be a whole number, not 150.5"),
        ({"speech": {"volume": True}}, "speech.volume: should be a number, not true"),
        ({"speech": {"volume": 0}}, "speech.volume: should be at least 0.05, not 0"),
        ({"speech": {"voice": None}}, "speech.voice: should be a text, not null"),
        ({"storage": {"create_bucket": "yes"}}, 'storage.create_bucket: should be true or false, not "yes"'),
        ({"servers": {"minio_port": 70000}}, "servers.minio_port: should be at most 65535, not 70000"),
        ({"folders": {"cache": 5}}, "folders.cache: should be a text, not 5"),
        ({"folders": {"cache": ""}}, "folders.cache: must not be empty"),
        ({"folders": {"cache": "a\0b"}}, "folders.cache: must not hold a null character"),
        ({"folders": {"cache": "~nobody.here/x"}}, "folders.cache: names a user who is not known here"),
        ({"log_format": "xml"}, "log_format: should be 'text' or 'json', not \"xml\""),
        ({"tests": {"stress": {"categories": []}}}, "tests.stress.categories: should have at least one item"),
        (
            {"phrases": {"categories": {"own": ["Bonjour", 5]}}},
            "phrases.categories.own[1]: should be a text, or an object with text and audio, not 5",
        ),
        (
            {"phrases": {"categories": {"own": [{"text": "a"}]}}},
            "phrases.categories.own[0].audio: is missing",
        ),
        (
            {"thresholds": {"latency_excellent_ms": 400}},
            "thresholds.latency_excellent_ms: latency bounds must rise: excellent ≤ good ≤ acceptable, "
            "not 400 ≤ 300 ≤ 500",
        ),
        (
            {"thresholds": {"loss_excellent_ratio": 0.2}},
            "thresholds.loss_excellent_ratio: loss bounds must rise",
        ),
        (
            {"livekit_url": "ws://localhost:7880"},
            "livekit_url: needs api_key (LIVEKIT_API_KEY) and api_secret",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named(write: WriteConfig, config: dict[str, Any], message: str) -> None:
    write(config)
    assert refusal().message.startswith(f"config.json: {message}")


def test_everything_that_is_wrong_is_told_a_line_each(
    write: WriteConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"speech": {"rate_wpm": 3}, "zzz": 1, "livekit_url": "ws://localhost:7880"})
    (folder / ".env").write_text("ELOQUENCE_SPEECH__VOLUME=2\n")
    monkeypatch.setenv("ELOQUENCE_SERVERS__MINIO_PORT", "-1")
    error = refusal()
    first, *lines = error.message.splitlines()
    assert first == "several settings are wrong:"
    assert [line.partition(": ")[0].strip() for line in lines] == [
        "config.json",
        "config.json",
        "ELOQUENCE_SPEECH__VOLUME in .env",
        "ELOQUENCE_SERVERS__MINIO_PORT",
    ]
    assert error.remedy.startswith("correct the environment variable and the line in .env and the file")


def test_a_wrong_value_is_wrong_under_a_variable_too(
    write: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"speech": {"rate_wpm": 3}})
    monkeypatch.setenv("ELOQUENCE_SPEECH__RATE_WPM", "150")
    assert "speech.rate_wpm" in refusal().message


def test_what_may_be_a_secret_is_not_repeated(write: WriteConfig) -> None:
    write(
        {
            "api_secret": 5310,
            "livekit_url": "wss://user:hush@example.invalid",
            "storage": {"secret_key": 5311, "endpoint_url": "https://example.invalid/?sig=hush"},
        }
    )
    message = str(refusal())
    assert "api_secret" in message
    assert not any(secret in message for secret in ("5310", "5311", "hush"))


def test_a_long_value_is_cut(write: WriteConfig) -> None:
    write({"livekit_url": "x" * 10_000, "room_name": "/" + "x" * 90})
    assert max(map(len, refusal().message.splitlines())) < 200


def test_keys_are_shown_cut_and_harmless_and_not_by_the_thousand(write: WriteConfig) -> None:
    write({"x" * 10_000: 1} | {f"\x1b[2J{number}": 1 for number in range(5000)})
    first, *lines = refusal().message.splitlines()
    assert first == "several settings are wrong:"
    # What is told of a key is as long as the names there are; of the key itself, only its beginning.
    assert max(map(len, lines)) < 120 + len(", ".join(Settings.model_fields))
    assert all(line.isprintable() for line in lines)
    assert lines[-1].endswith("and 4981 more")


def test_relative_paths_are_those_beside_the_file(
    write: WriteConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    recording = {"text": "Bonjour", "audio": "bonjour.wav"}
    write(
        {
            "folders": {"results": "out", "cache": "/var/cache/x", "data": "~/data"},
            "servers": {"livekit_binary": "bin/livekit-server", "minio_binary": None},
            "phrases": {"file": "own.json", "categories": {"own": ["Salut", recording]}},
        },
        "project/own.json",
    )
    choose_file("project/own.json")
    settings = load_settings()
    project = folder / "project"
    assert settings.folders.results == project / "out"
    assert settings.folders.cache == Path("/var/cache/x")
    assert settings.folders.data == Path("/home/somebody/data")
    assert settings.servers.livekit_binary == project / "bin/livekit-server"
    assert settings.servers.minio_binary is None
    assert settings.phrases.file == project / "own.json"
    text, recorded = settings.phrases.categories["own"]
    assert text == "Salut"
    assert not isinstance(recorded, str)
    assert recorded.audio == project / "bonjour.wav"


def test_relative_paths_of_variables_are_those_of_the_current_folder(
    write: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({}, "project/own.json")
    choose_file("project/own.json")
    monkeypatch.setenv("ELOQUENCE_FOLDERS__RESULTS", "out")
    assert load_settings().folders.results == Path("out")
