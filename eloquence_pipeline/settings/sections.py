"""The sections of the settings, with the defaults that run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from platformdirs import PlatformDirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_dirs = PlatformDirs("eloquence", appauthor=False)


class SpeechSettings(BaseModel):
    """The synthetic speaker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str = Field(default="roa/fr", description="Voice id of the TTS engine.")
    rate_wpm: Annotated[int, Field(ge=80, le=450)] = 150
    volume: Annotated[float, Field(gt=0, le=1)] = 0.9


class RecordedPhrase(BaseModel):
    """A phrase that somebody has recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1)]
    audio: Path = Field(description="WAV, FLAC or OGG file, any rate, mono or stereo.")


OwnCategories = dict[str, tuple[str | RecordedPhrase, ...]]


class PhraseSettings(BaseModel):
    """Phrases of the user's own, beside the built-in ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path | None = Field(
        default=None, description="JSON file of categories: an object of lists, as in `categories`."
    )
    categories: OwnCategories = Field(
        default={},
        description="Phrases by category; one that is called like a built-in category takes its place.",
    )


Categories = Annotated[tuple[str, ...], Field(min_length=1)]
DurationSeconds = Annotated[int, Field(ge=8, le=3600)]
Packets = Annotated[int, Field(ge=1, le=1000)]
IntervalMs = Annotated[int, Field(ge=0, le=60_000)]
Speakers = Annotated[int, Field(ge=1, le=8)]


class BasicSettings(BaseModel):
    """What `--test basic` does when no flag says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duration_seconds: DurationSeconds = Field(default=30, description="Length of the test in seconds.")
    categories: Categories = Field(default=("greetings", "coaching"), description="What is spoken.")


class StressSettings(BaseModel):
    """What `--test stress` does when no flag says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    packets: Packets = Field(default=50, description="Number of phrases, of each speaker.")
    interval_ms: IntervalMs = Field(default=500, description="Pause between phrases in milliseconds.")
    speakers: Speakers = Field(default=1, description="How many speak at the same time in one room.")
    categories: Categories = Field(default=("technical_short",), description="What is spoken.")


class LatencySettings(BaseModel):
    """What `--test latency` does when no flag says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    packets: Packets = Field(default=20, description="Number of phrases.")
    interval_ms: IntervalMs = Field(default=200, description="Pause between phrases in milliseconds.")
    categories: Categories = Field(default=("very_short",), description="What is spoken.")


class ScenarioSettings(BaseModel):
    """The built-in tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basic: BasicSettings = BasicSettings()
    stress: StressSettings = StressSettings()
    latency: LatencySettings = LatencySettings()


class ThresholdSettings(BaseModel):
    """Bounds between the classes of a verdict; the last class of each row fails a run.

    A value on the bound of ``excellent`` belongs to the class after it, a value on any other bound
    to the class before it: 100 ms is *bonne*, 300 and 500 ms are *acceptable*; 1 % and 5 % are
    *acceptable*.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency_excellent_ms: Annotated[float, Field(gt=0)] = 100.0
    latency_good_ms: Annotated[float, Field(gt=0)] = 300.0
    latency_acceptable_ms: Annotated[float, Field(gt=0)] = 500.0
    loss_excellent_ratio: Annotated[float, Field(ge=0, le=1)] = 0.01
    loss_acceptable_ratio: Annotated[float, Field(ge=0, le=1)] = 0.05
    pacing_lateness_p99_ms: Annotated[float, Field(gt=0)] = 5.0
    pacing_lateness_max_ms: Annotated[float, Field(gt=0)] = 20.0

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not self.latency_excellent_ms <= self.latency_good_ms <= self.latency_acceptable_ms:
            raise ValueError("latency bounds must rise: excellent ≤ good ≤ acceptable")
        if self.loss_excellent_ratio > self.loss_acceptable_ratio:
            raise ValueError("loss bounds must rise: excellent ≤ acceptable")
        return self


class StorageSettings(BaseModel):
    """The S3 store of the evidence; without an endpoint or bucket the embedded MinIO is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint_url: str = ""
    bucket: str = ""
    prefix: str = ""
    region: str = "us-east-1"
    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    create_bucket: bool = Field(default=False, description="Create the bucket when it is missing.")

    @property
    def is_users_own(self) -> bool:
        """Whether the settings name a store, so that none has to be embedded."""
        return bool(self.endpoint_url or self.bucket)


class FolderSettings(BaseModel):
    """Where the pipeline keeps things on this machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    results: Path = Field(
        default=Path("results"), description="Evidence of every run, also what is not yet uploaded."
    )
    cache: Path = Field(
        default=Path(_dirs.user_cache_dir), description="Server binaries and synthesised phrases."
    )
    data: Path = Field(
        default=Path(_dirs.user_data_dir), description="Data of the embedded MinIO and Prefect server."
    )
    state: Path = Field(
        default=Path(_dirs.user_state_dir), description="Embedded servers that are running now."
    )


class ServerSettings(BaseModel):
    """The servers that the pipeline runs itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    livekit_binary: Path | None = Field(
        default=None, description="livekit-server to use instead of looking for one."
    )
    minio_binary: Path | None = Field(default=None, description="minio to use instead of looking for one.")
    livekit_port: Annotated[int, Field(ge=0, le=65535)] = Field(default=0, description="0 takes a free port.")
    minio_port: Annotated[int, Field(ge=0, le=65535)] = Field(default=0, description="0 takes a free port.")
    prefect_port: Annotated[int, Field(ge=0, le=65535)] = Field(default=0, description="0 takes a free port.")
