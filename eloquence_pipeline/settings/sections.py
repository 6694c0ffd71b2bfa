"""The sections of the settings, with the defaults that run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

from platformdirs import PlatformDirs
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from eloquence_pipeline.settings.values import GivenPath, MetricsUrl, OptionalPath

_dirs = PlatformDirs("eloquence", appauthor=False)

TOGETHER = "settings_together"
"""Type of the error of settings that are right one by one, and wrong beside each other."""


def wrong_together(message: str, *keys: str) -> PydanticCustomError:
    """Return the error of settings that do not go together; the first of `keys` that was given is named."""
    return PydanticCustomError(TOGETHER, "{message}", {"message": message, "keys": keys})


class Section(BaseModel):
    """Settings that belong together: an object in ``config.json``."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SpeechSettings(Section):
    """The synthetic speaker."""

    voice: str = Field(default="roa/fr", description="Voice id of the TTS engine.")
    rate_wpm: Annotated[int, Field(ge=80, le=450)] = Field(
        default=150, description="Rate of speech in words a minute."
    )
    volume: Annotated[float, Field(ge=0.05, le=1)] = Field(
        default=0.9, description="1 is full volume; the engine is silent below 0.02."
    )


class RecordedPhrase(Section):
    """A phrase that somebody has recorded."""

    text: Annotated[str, Field(min_length=1)] = Field(description="What is said in the recording.")
    audio: GivenPath = Field(description="WAV, FLAC or OGG file, any rate, mono or stereo.")


def _kind_of_phrase(value: object) -> str | None:
    if isinstance(value, str):
        return "<text>"
    return "<recording>" if isinstance(value, Mapping | RecordedPhrase) else None


# The tags stand in the places of pydantic's errors; the brackets tell them from keys.
OwnPhrase = Annotated[
    Annotated[str, Tag("<text>"), Field(min_length=1)] | Annotated[RecordedPhrase, Tag("<recording>")],
    Discriminator(
        _kind_of_phrase,
        custom_error_type="phrase",
        custom_error_message="should be a text, or an object with text and audio",
    ),
]
OwnCategories = dict[str, tuple[OwnPhrase, ...]]


class PhraseSettings(Section):
    """Phrases of the user's own, beside the built-in ones."""

    file: OptionalPath = Field(
        default=None, description="JSON file of categories: an object of lists, as in `categories`."
    )
    categories: OwnCategories = Field(
        default={},
        description="Phrases by category; one that is called like a built-in category takes its place.",
    )


Categories = Annotated[tuple[str, ...], Field(min_length=1)]
DurationSeconds = Annotated[int, Field(ge=8, le=3600)]
LongDurationSeconds = Annotated[int, Field(ge=30, le=43_200)]
Packets = Annotated[int, Field(ge=1, le=1000)]
IntervalMs = Annotated[int, Field(ge=0, le=60_000)]
Speakers = Annotated[int, Field(ge=1, le=8)]


class BasicSettings(Section):
    """What `--test basic` does when no flag says otherwise."""

    duration_seconds: DurationSeconds = Field(default=30, description="Length of the test in seconds.")
    categories: Categories = Field(default=("greetings", "coaching"), description="What is spoken.")


class StressSettings(Section):
    """What `--test stress` does when no flag says otherwise."""

    packets: Packets = Field(default=50, description="Number of phrases, of each speaker.")
    interval_ms: IntervalMs = Field(default=500, description="Pause between phrases in milliseconds.")
    speakers: Speakers = Field(default=1, description="How many speak at the same time in one room.")
    categories: Categories = Field(default=("technical_short",), description="What is spoken.")


class LatencySettings(Section):
    """What `--test latency` does when no flag says otherwise."""

    packets: Packets = Field(default=20, description="Number of phrases.")
    interval_ms: IntervalMs = Field(default=200, description="Pause between phrases in milliseconds.")
    categories: Categories = Field(default=("very_short",), description="What is spoken.")


class StabilitySettings(Section):
    """What `--test stability` does when no flag says otherwise."""

    duration_seconds: LongDurationSeconds = Field(default=600, description="Length of the call in seconds.")
    categories: Categories = Field(default=("greetings", "coaching"), description="What is spoken.")


Sessions = Annotated[int, Field(ge=1, le=1000)]
Background = Annotated[int, Field(ge=0, le=1000)]
LoadDurationSeconds = Annotated[int, Field(ge=8, le=43_200)]
StepDurationSeconds = Annotated[int, Field(ge=8, le=3600)]
LONGEST_RAMP_UP_SECONDS = 3600
RampUpSeconds = Annotated[int, Field(ge=0, le=LONGEST_RAMP_UP_SECONDS)]


class LoadSettings(Section):
    """What `--test load` does when no flag says otherwise."""

    sessions: Sessions = Field(default=4, description="Number of measured sessions at once.")
    background: Background = Field(
        default=0, description="Number of sessions more that only make load and are not measured."
    )
    duration_seconds: LoadDurationSeconds = Field(default=60, description="How long all speak, in seconds.")
    ramp_up_seconds: RampUpSeconds = Field(
        default=0, description="Within how many seconds they join; 0 takes 0.15 s a session."
    )
    categories: Categories = Field(default=("greetings", "coaching"), description="What is spoken.")
    metrics_url: MetricsUrl = Field(
        default="",
        description="Prometheus endpoint of the LiveKit server (http://host:6789/metrics), which load and "
        "capacity ask how it is.",
    )


class CapacitySettings(Section):
    """What `--test capacity` does when no flag says otherwise."""

    sessions: Sessions = Field(default=64, description="The largest number of sessions to try.")
    duration_seconds: StepDurationSeconds = Field(
        default=20, description="How long each number of sessions speaks, in seconds."
    )
    categories: Categories = Field(default=("greetings", "coaching"), description="What is spoken.")


class ScenarioSettings(Section):
    """The built-in tests."""

    basic: BasicSettings = Field(default_factory=BasicSettings, description="A normal conversation.")
    stress: StressSettings = Field(
        default_factory=StressSettings, description="Many phrases in quick succession."
    )
    latency: LatencySettings = Field(
        default_factory=LatencySettings, description="Very short phrases in very quick succession."
    )
    stability: StabilitySettings = Field(
        default_factory=StabilitySettings, description="A long call; `--all` leaves it out."
    )
    load: LoadSettings = Field(
        default_factory=LoadSettings, description="Many sessions at once; `--all` leaves it out."
    )
    capacity: CapacitySettings = Field(
        default_factory=CapacitySettings, description="How many sessions go well; `--all` leaves it out."
    )


_Milliseconds = Annotated[float, Field(gt=0)]
_Ratio = Annotated[float, Field(ge=0, le=1)]


class ThresholdSettings(Section):
    """Bounds between the classes of a verdict; the last class of each row fails a run.

    A value on the bound of ``excellent`` belongs to the class after it, a value on any other bound
    to the class before it: 100 ms is *bonne*, 300 and 500 ms are *acceptable*; 1 % and 5 % are
    *acceptable*.
    """

    latency_excellent_ms: _Milliseconds = Field(
        default=100.0, description="Latency below this is excellent, in milliseconds."
    )
    latency_good_ms: _Milliseconds = Field(
        default=300.0, description="Latency below this is good, in milliseconds."
    )
    latency_acceptable_ms: _Milliseconds = Field(
        default=500.0, description="Latency above this fails the run, in milliseconds."
    )
    loss_excellent_ratio: _Ratio = Field(
        default=0.01, description="Loss below this is excellent; 0.01 is 1 %."
    )
    loss_acceptable_ratio: _Ratio = Field(
        default=0.05, description="Loss above this fails the run; 0.05 is 5 %."
    )
    pacing_lateness_p99_ms: _Milliseconds = Field(
        default=5.0,
        description="The result is invalid when 1 % of the frames were handed over later than this.",
    )
    pacing_lateness_max_ms: _Milliseconds = Field(
        default=20.0, description="The result is invalid when a frame was handed over later than this."
    )
    frames_skipped_max: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=0,
        description="The result is invalid when more frames than these came too late to be sent at all.",
    )

    mos_lqo_min: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0.0, description="A phrase with a lower MOS-LQO fails the run; 0 judges none."
    )
    stoi_min: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="A phrase with a lower STOI fails the run; 0 judges none."
    )

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        latency = ("latency_excellent_ms", "latency_good_ms", "latency_acceptable_ms")
        loss = ("loss_excellent_ratio", "loss_acceptable_ratio")
        self._require_rising("latency bounds must rise: excellent ≤ good ≤ acceptable", latency)
        self._require_rising("loss bounds must rise: excellent ≤ acceptable", loss)
        return self

    def _require_rising(self, message: str, keys: tuple[str, ...]) -> None:
        bounds: list[float] = [getattr(self, key) for key in keys]
        if bounds != sorted(bounds):
            told = " ≤ ".join(f"{bound:g}" for bound in bounds)
            raise wrong_together(f"{message}, not {told}", *keys)


class FolderSettings(Section):
    """Where the pipeline keeps things on this machine."""

    results: GivenPath = Field(
        default=Path("results"), description="Evidence of every run, also what is not yet uploaded."
    )
    # Factories: the schema is the same on every machine, the user's folders are not.
    cache: GivenPath = Field(
        default_factory=lambda: Path(_dirs.user_cache_dir),
        description="Server binaries and synthesised phrases.",
    )
    data: GivenPath = Field(
        default_factory=lambda: Path(_dirs.user_data_dir),
        description="Data of the embedded MinIO and Prefect server.",
    )
    state: GivenPath = Field(
        default_factory=lambda: Path(_dirs.user_state_dir),
        description="Embedded servers that are running now.",
    )


_Port = Annotated[int, Field(ge=0, le=65535)]


class ServerSettings(Section):
    """The servers that the pipeline runs itself."""

    livekit_binary: OptionalPath = Field(
        default=None, description="livekit-server to use instead of looking for one."
    )
    minio_binary: OptionalPath = Field(default=None, description="minio to use instead of looking for one.")
    livekit_port: _Port = Field(default=0, description="Port of LiveKit; 0 takes a free one.")
    minio_port: _Port = Field(default=0, description="Port of MinIO; 0 takes a free one.")
    prefect_port: _Port = Field(default=0, description="Port of the Prefect server; 0 takes a free one.")
