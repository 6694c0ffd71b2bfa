"""Everything that can be set."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator

from eloquence_pipeline.settings.baseline import BaselineSettings
from eloquence_pipeline.settings.evidence import EvidenceSettings
from eloquence_pipeline.settings.load_cells import LoadCellSettings
from eloquence_pipeline.settings.network import NetworkSettings
from eloquence_pipeline.settings.quality import QualitySettings
from eloquence_pipeline.settings.reconnection import ReconnectionSettings
from eloquence_pipeline.settings.report import ReportSettings
from eloquence_pipeline.settings.sections import (
    FolderSettings,
    PhraseSettings,
    ScenarioSettings,
    Section,
    ServerSettings,
    SpeechSettings,
    ThresholdSettings,
    wrong_together,
)
from eloquence_pipeline.settings.storage import StorageSettings
from eloquence_pipeline.settings.targets import EMBEDDED_TARGET, NO_TARGETS, TargetName, TargetSettings
from eloquence_pipeline.settings.values import LiveKitUrl, RoomName

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCHEMA_KEY = "$schema"
"""Names the schema for an editor; the pipeline itself does not read it."""


class Settings(Section):
    """The effective settings of one process.

    Made from nothing but what it is given; :func:`~eloquence_pipeline.settings.load_settings` is what
    reads the environment and the file.
    """

    livekit_url: LiveKitUrl = Field(
        default="", description="Address of the LiveKit server to test; an embedded one if empty."
    )
    api_key: str = Field(default="", description="API key of that server.")
    api_secret: SecretStr = Field(default=SecretStr(""), description="Secret of the API key.")
    room_name: RoomName = Field(
        default="test_coaching_vocal", description="Rooms are named after it; each attempt has a fresh one."
    )
    target: str = Field(
        default="",
        description="Name of the LiveKit server in results, or one of `targets`; its URL if empty.",
    )
    targets: dict[TargetName, TargetSettings] = Field(
        default=NO_TARGETS,
        description="LiveKit servers by name, for `--target` and the parameter of the deployments.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log lines for people, or one JSON object a line."
    )
    speech: SpeechSettings = Field(default_factory=SpeechSettings, description="The synthetic speaker.")
    phrases: PhraseSettings = Field(default_factory=PhraseSettings, description="Phrases of your own.")
    tests: ScenarioSettings = Field(
        default_factory=ScenarioSettings, description="What each test does when no flag says otherwise."
    )
    thresholds: ThresholdSettings = Field(
        default_factory=ThresholdSettings, description="Bounds between the classes of a verdict."
    )
    quality: QualitySettings = Field(
        default_factory=QualitySettings, description="Scores of the received speech."
    )
    baseline: BaselineSettings = Field(
        default_factory=BaselineSettings, description="The comparison of each run with the earlier ones."
    )
    network: NetworkSettings = Field(
        default_factory=NetworkSettings, description="Networks that are simulated."
    )
    reconnection: ReconnectionSettings = Field(
        default_factory=ReconnectionSettings, description="Disturbed calls: `--test reconnect`."
    )
    load_cells: LoadCellSettings = Field(
        default_factory=LoadCellSettings, description="A load on many machines: `--test load --cells N`."
    )
    storage: StorageSettings = Field(
        default_factory=StorageSettings, description="The S3 store of the evidence; an embedded one if empty."
    )
    evidence: EvidenceSettings = Field(
        default_factory=EvidenceSettings, description="What is kept of a run, and for how long."
    )
    report: ReportSettings = Field(default_factory=ReportSettings, description="The HTML report of each run.")
    folders: FolderSettings = Field(
        default_factory=FolderSettings, description="Where things are kept on this machine."
    )
    servers: ServerSettings = Field(
        default_factory=ServerSettings, description="The servers that the pipeline runs itself."
    )

    @model_validator(mode="after")
    def _complete_target(self) -> Self:
        if not self.livekit_url:
            return self
        credentials = {
            "api_key (LIVEKIT_API_KEY)": self.api_key,
            "api_secret (LIVEKIT_API_SECRET)": self.api_secret.get_secret_value(),
        }
        if missing := [key for key, value in credentials.items() if not value]:
            raise wrong_together(f"needs {' and '.join(missing)} beside it", "livekit_url")
        return self

    @model_validator(mode="after")
    def _names_are_of_one_server(self) -> Self:
        if EMBEDDED_TARGET in self.targets:
            raise wrong_together(
                f"{EMBEDDED_TARGET} is the name of the server that the pipeline runs", "targets"
            )
        named = self.targets.get(self.target)
        if named is not None and self.livekit_url not in {"", named.url}:
            raise wrong_together(
                f"{self.target} is the name of another server than livekit_url: {named.url}", "target"
            )
        return self

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON schema of ``config.json``, as published in ``docs/config.schema.json``."""
        schema = cls.model_json_schema()
        named = {SCHEMA_KEY: {"type": "string", "description": "Schema that an editor completes by."}}
        about = {
            "title": "Configuration of Eloquence Pipeline",
            "description": "Everything that can be set in config.json; each key may be left out.",
        }
        return {SCHEMA_KEY: _DIALECT} | schema | about | {"properties": named | schema["properties"]}
