"""Settings come from the environment, and wrong ones are refused in one sentence."""

from __future__ import annotations

import pytest

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import load_settings

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_ROOM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


def test_the_defaults_name_no_server_and_the_seeds_room() -> None:
    settings = load_settings()
    assert settings.livekit_url == ""
    assert settings.room_name == "test_coaching_vocal"
    assert not settings.storage.is_users_own
    assert settings.thresholds.latency_acceptable_ms == 500


def test_the_seeds_variables_name_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "wss://example.invalid")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    monkeypatch.setenv("LIVEKIT_ROOM", "test-room")
    settings = load_settings()
    assert (settings.livekit_url, settings.api_key) == ("wss://example.invalid", "devkey")
    assert settings.api_secret.get_secret_value() == "secret"
    assert settings.room_name == "test-room"
    assert "secret" not in repr(settings.api_secret)


def test_nested_settings_come_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELOQUENCE_THRESHOLDS__LATENCY_ACCEPTABLE_MS", "800")
    assert load_settings().thresholds.latency_acceptable_ms == 800


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LIVEKIT_URL", "http://localhost:7880", "ws:// or wss://"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "900", "must rise"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "fast", "LATENCY_GOOD_MS"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "nan", "LATENCY_GOOD_MS"),
        ("ELOQUENCE_SPEECH__RATE_WPM", "-3", "RATE_WPM"),
        ("ELOQUENCE_SPEECH__VOLUME", "0.01", "VOLUME"),
        ("ELOQUENCE_SERVERS__MINIO_PORT", "70000", "MINIO_PORT"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=message):
        load_settings()


def test_a_server_without_credentials_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "ws://localhost:7880")
    with pytest.raises(ConfigurationError, match="LIVEKIT_API_SECRET"):
        load_settings()
