"""Everything that can be set."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from eloquence_pipeline.settings.sections import (
    FolderSettings,
    PhraseSettings,
    ScenarioSettings,
    ServerSettings,
    SpeechSettings,
    StorageSettings,
    ThresholdSettings,
)


class Settings(BaseSettings):
    """The effective settings of one process."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_prefix="ELOQUENCE_",
        env_nested_delimiter="__",
        env_file=".env",
        populate_by_name=True,
    )

    livekit_url: str = Field(default="", validation_alias=AliasChoices("livekit_url", "LIVEKIT_URL"))
    api_key: str = Field(default="", validation_alias=AliasChoices("api_key", "LIVEKIT_API_KEY"))
    api_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("api_secret", "LIVEKIT_API_SECRET")
    )
    target: str = Field(default="", description="Name of the LiveKit server in results; its URL if empty.")
    room_name: str = Field(
        default="test_coaching_vocal",
        min_length=1,
        validation_alias=AliasChoices("room_name", "LIVEKIT_ROOM"),
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log lines for people, or one JSON object a line."
    )
    speech: SpeechSettings = SpeechSettings()
    phrases: PhraseSettings = PhraseSettings()
    tests: ScenarioSettings = ScenarioSettings()
    thresholds: ThresholdSettings = ThresholdSettings()
    storage: StorageSettings = StorageSettings()
    folders: FolderSettings = FolderSettings()
    servers: ServerSettings = ServerSettings()

    @model_validator(mode="after")
    def _complete_target(self) -> Self:
        if self.livekit_url and not self.livekit_url.startswith(("ws://", "wss://")):
            raise ValueError(f"LIVEKIT_URL must start with ws:// or wss://, not {self.livekit_url!r}")
        if self.livekit_url and not (self.api_key and self.api_secret.get_secret_value()):
            raise ValueError("LIVEKIT_URL needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET beside it")
        return self
