"""Speak French coaching phrases through LiveKit, listen at the other end, say how they arrived.

The names below are the public API; they are imported on first use, because the speech engine and
SciPy take a second to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eloquence_pipeline.models import ScenarioResult
    from eloquence_pipeline.pipeline_logger import PipelineLogger
    from eloquence_pipeline.replay import StoredRun, load_run
    from eloquence_pipeline.settings import Rejoining
    from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
    from eloquence_pipeline.transport.client import LiveKitTestClient

__all__ = [
    "LiveKitTestClient",
    "PipelineLogger",
    "Rejoining",
    "ScenarioResult",
    "StoredRun",
    "VoiceSynthesizer",
    "load_run",
]

_HOMES = {
    "LiveKitTestClient": "eloquence_pipeline.transport.client",
    "PipelineLogger": "eloquence_pipeline.pipeline_logger",
    "Rejoining": "eloquence_pipeline.settings",
    "ScenarioResult": "eloquence_pipeline.models",
    "StoredRun": "eloquence_pipeline.replay",
    "VoiceSynthesizer": "eloquence_pipeline.speech.synthesizer",
    "load_run": "eloquence_pipeline.replay",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
