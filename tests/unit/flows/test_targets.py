"""A target is a name: which server it is, and where its secrets come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import Settings, load_settings
from flows.environment import secrets_at_hand
from flows.targets import environment_of_target, known_targets, names_own_livekit

pytestmark = pytest.mark.unit

STAGING = {
    "url": "wss://staging.example.org",
    "api_key_variable": "STAGING_KEY",
    "api_secret_variable": "STAGING_SECRET",
}
OWN = {"livekit_url": "ws://localhost:7880", "api_key": "devkey", "api_secret": "secret"}
SETTINGS = Settings.model_validate({**OWN, "targets": {"staging": STAGING}})


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_target_is_its_server_with_secrets_of_the_environment_and_of_dotenv(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STAGING_KEY", "key")
    Path(".env").write_text("STAGING_SECRET=from-dotenv\n")
    assert environment_of_target(SETTINGS, "staging") == {
        "ELOQUENCE_TARGET": "staging",
        "LIVEKIT_URL": "wss://staging.example.org",
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "from-dotenv",
        # That of another server must not stay.
        "ELOQUENCE_TESTS__LOAD__METRICS_URL": "",
    }


def test_without_a_name_the_server_of_the_settings_is_meant() -> None:
    assert environment_of_target(SETTINGS, "") == {}
    assert names_own_livekit(SETTINGS)


def test_the_embedded_server_can_be_chosen_in_spite_of_one_of_the_users_own() -> None:
    assert environment_of_target(SETTINGS, "embedded")["LIVEKIT_URL"] == ""


def test_the_settings_can_choose_a_target_for_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_KEY", "key")
    monkeypatch.setenv("STAGING_SECRET", "a-secret")
    chosen = Settings.model_validate({"target": "staging", "targets": {"staging": STAGING}})
    assert names_own_livekit(chosen)
    assert environment_of_target(chosen, "")["LIVEKIT_URL"] == "wss://staging.example.org"


def test_a_target_comes_before_the_server_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_KEY", "key")
    monkeypatch.setenv("STAGING_SECRET", "a-secret")
    monkeypatch.setenv("LIVEKIT_URL", "ws://localhost:7880")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    Path("config.json").write_text(f'{{"targets": {{"staging": {STAGING}}}}}'.replace("'", '"'))
    monkeypatch.delenv("ELOQUENCE_CONFIG")
    with secrets_at_hand("staging") as settings:
        assert (settings.target, settings.livekit_url) == ("staging", "wss://staging.example.org")
        assert settings.api_secret.get_secret_value() == "a-secret"
    assert load_settings().livekit_url == "ws://localhost:7880"


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    assert known_targets(SETTINGS) == ["embedded", "staging"]
    with pytest.raises(ConfigurationError, match="no target named 'stagin'") as raised:
        environment_of_target(SETTINGS, "stagin")
    assert raised.value.remedy == "did you mean staging? there are embedded, staging"


def test_a_secret_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match="needs the variable STAGING_KEY"):
        environment_of_target(SETTINGS, "staging")


def test_a_block_needs_a_prefect_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "none.toml"))
    blocks = {"url": "wss://a.example.org", "api_key_block": "lk-key", "api_secret_block": "lk-secret"}
    settings = Settings.model_validate({"targets": {"a": blocks}})
    with pytest.raises(ConfigurationError, match="'lk-key', and no Prefect server is named"):
        environment_of_target(settings, "a")


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": {"embedded": STAGING}},
        {"targets": {"a": {"url": "wss://a.example.org", "api_key_variable": "A"}}},
        {"targets": {"a": {**STAGING, "api_key_block": "also"}}},
        {"targets": {"a": {**STAGING, "url": ""}}},
        {"targets": {"Not A Name": STAGING}},
        {**OWN, "target": "staging", "targets": {"staging": STAGING}},
    ],
)
def test_targets_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)
