"""Everything that can be set, where it comes from, and the defaults that run.

Precedence: command-line flag > environment variable > ``.env`` > ``config.json`` > default.
"""

from eloquence_pipeline.settings.baseline import FEWEST_NIGHTS, BaselineSettings, SmallestDifferences
from eloquence_pipeline.settings.environment import value_of_variable
from eloquence_pipeline.settings.evidence import EvidenceSettings
from eloquence_pipeline.settings.file import FILE_VARIABLE, choose_file
from eloquence_pipeline.settings.keys import KeyPath
from eloquence_pipeline.settings.loading import (
    EffectiveSettings,
    load_effective_settings,
    load_settings,
)
from eloquence_pipeline.settings.network import BUILT_IN_PROFILES, NetworkSettings
from eloquence_pipeline.settings.quality import EModelSettings, QualitySettings
from eloquence_pipeline.settings.reconnection import ReconnectionSettings, Rejoining, Repetitions
from eloquence_pipeline.settings.report import ReportSettings
from eloquence_pipeline.settings.root import Settings
from eloquence_pipeline.settings.sections import (
    LONGEST_RAMP_UP_SECONDS,
    BasicSettings,
    Categories,
    DurationSeconds,
    FolderSettings,
    IntervalMs,
    LatencySettings,
    LoadDurationSeconds,
    LongDurationSeconds,
    OwnCategories,
    Packets,
    PhraseSettings,
    RecordedPhrase,
    ScenarioSettings,
    ServerSettings,
    Speakers,
    SpeechSettings,
    StabilitySettings,
    StepDurationSeconds,
    StressSettings,
    ThresholdSettings,
)
from eloquence_pipeline.settings.storage import LONGEST_LINK_SECONDS, StorageSettings
from eloquence_pipeline.settings.targets import EMBEDDED_TARGET, TargetSettings

__all__ = [
    "BUILT_IN_PROFILES",
    "EMBEDDED_TARGET",
    "FEWEST_NIGHTS",
    "FILE_VARIABLE",
    "LONGEST_LINK_SECONDS",
    "LONGEST_RAMP_UP_SECONDS",
    "BaselineSettings",
    "BasicSettings",
    "Categories",
    "DurationSeconds",
    "EModelSettings",
    "EffectiveSettings",
    "EvidenceSettings",
    "FolderSettings",
    "IntervalMs",
    "KeyPath",
    "LatencySettings",
    "LoadDurationSeconds",
    "LongDurationSeconds",
    "NetworkSettings",
    "OwnCategories",
    "Packets",
    "PhraseSettings",
    "QualitySettings",
    "ReconnectionSettings",
    "RecordedPhrase",
    "Rejoining",
    "Repetitions",
    "ReportSettings",
    "ScenarioSettings",
    "ServerSettings",
    "Settings",
    "SmallestDifferences",
    "Speakers",
    "SpeechSettings",
    "StabilitySettings",
    "StepDurationSeconds",
    "StorageSettings",
    "StressSettings",
    "TargetSettings",
    "ThresholdSettings",
    "choose_file",
    "load_effective_settings",
    "load_settings",
    "value_of_variable",
]
