"""Everything that can be set, where it comes from, and the defaults that run.

Precedence: command-line flag > environment variable > ``.env`` > default.
"""

from eloquence_pipeline.settings.loading import load_settings
from eloquence_pipeline.settings.root import Settings
from eloquence_pipeline.settings.sections import (
    BasicSettings,
    Categories,
    DurationSeconds,
    FolderSettings,
    IntervalMs,
    LatencySettings,
    OwnCategories,
    Packets,
    PhraseSettings,
    RecordedPhrase,
    ScenarioSettings,
    ServerSettings,
    Speakers,
    SpeechSettings,
    StorageSettings,
    StressSettings,
    ThresholdSettings,
)

__all__ = [
    "BasicSettings",
    "Categories",
    "DurationSeconds",
    "FolderSettings",
    "IntervalMs",
    "LatencySettings",
    "OwnCategories",
    "Packets",
    "PhraseSettings",
    "RecordedPhrase",
    "ScenarioSettings",
    "ServerSettings",
    "Settings",
    "Speakers",
    "SpeechSettings",
    "StorageSettings",
    "StressSettings",
    "ThresholdSettings",
    "load_settings",
]
