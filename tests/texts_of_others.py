"""Results in which others have had their say: every text that somebody has written is another one."""

from __future__ import annotations

from typing import Any, cast

from eloquence_pipeline.models import ScenarioResult
from tests.reports import NETWORK

FREE_TEXTS = {
    "text",
    "target",
    "room",
    "livekit_url",
    "clock_id",
    "detail",
    "error",
    "error_type",
    "explanation",
}
"""Keys of a result under which anything may stand that somebody has written."""


def with_texts(result: ScenarioResult, text: str) -> ScenarioResult:
    """Return a result in which every text that somebody has written is another one."""
    document = cast(dict[str, Any], _replaced(result.model_dump(mode="json"), text))
    run = document["run"]
    run |= {
        "run_id": text,
        "scenario": text,
        "versions": {text: text},
        "host": {text: text},
        "parameters": {"test": text, "network": text, "categories": [text]},
    }
    document["details"] = {text: {text: [text]}}
    document["verdict"]["reasons"] = [f"the transmission broke off: {text}", f"invalid: {text}"]
    document["attempts"] = [
        {
            "number": 1,
            "room": text,
            "started_at": "2026-11-22T12:00:00Z",
            "outcome": "failed_before_audio",
            "error_type": text,
            "error": text,
        }
    ]
    document["events"] = [
        {"monotonic_ns": 1, "side": "publisher", "identity": text, "name": text, "detail": text}
    ]
    document["stability"]["participants"][0]["quality_changes"] = [text]
    for gap in document["loss"]["gaps"]:
        gap["estimated_words"] = [text, text]
    document["network"] = NETWORK.model_copy(update={"name": text, "conditions": text}).model_dump()
    return ScenarioResult.model_validate(document)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, list):
        return [_replaced(one, text) for one in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    found = cast(dict[str, Any], value)
    return {
        name: text
        if name in FREE_TEXTS
        else f"{text} {one}"
        if name in {"speaker", "identity"} and one
        else _replaced(one, text)
        for name, one in found.items()
    }
