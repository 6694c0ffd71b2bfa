"""Older formats of a run's JSON files, brought to the form of today.

What an old run did not write down stays away: nothing is made up, and nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.models import (
    RECONNECTION_FORMAT,
    RECONNECTION_FORMAT_VERSION,
    RESULT_FORMAT,
    RESULT_FORMAT_VERSION,
)
from eloquence_pipeline.models.load import CAPACITY_FORMAT, LOAD_FORMAT
from eloquence_pipeline.settings import ThresholdSettings

Document = dict[str, Any]

SPEAKER, LISTENER = "speaker", "listener"
"""Who was in a room before several could speak."""

_NEWER_REMEDY = "update the pipeline to read it"
_THRESHOLD_OF = {"ms": "latency_acceptable_ms", "ratio": "loss_acceptable_ratio"}


def upgraded_result(document: Mapping[str, Any], transmission: Mapping[str, Any]) -> Document:
    """Return a stored result, or the header of a run, in the form of today.

    Parameters
    ----------
    document
        Content of ``results.json`` or ``run.json``.
    transmission
        Content of ``transmission.json`` of the same run, in the form of today.

    Raises
    ------
    StorageError
        If it is no such document, or of a newer version.
    """
    current = dict(document)
    while (version := require_known_version(current)) < RESULT_FORMAT_VERSION:
        current = _STEPS[version](current, transmission)
    return current


def upgraded_transmission(document: Mapping[str, Any]) -> Document:
    """Return the content of ``transmission.json`` in the form of today.

    The file itself has no version: before several could speak it had one script and one recording.
    """
    if "channels" in document or "script" not in document:
        return dict(document)
    others = {name: value for name, value in document.items() if name not in {"script", "sent", "received"}}
    ends = {name: upgraded_end(document.get(name)) for name in ("sent", "received")}
    return {**others, "channels": [{"speaker": SPEAKER, "script": document["script"], **ends}]}


def upgraded_end(document: Mapping[str, Any] | None) -> Document | None:
    """Return what one end wrote down in the form of today: its events did not say whose they are."""
    if document is None:
        return None
    whose = {"identity": document["identity"]}
    return {**document, "events": [whose | event for event in document["events"]]}


def upgraded_scripts(scripts: Mapping[str, Any]) -> Document:
    """Return the content of ``scripts.json``, or of the one ``script.json`` there was, by speaker."""
    return {SPEAKER: dict(scripts)} if "phrases" in scripts else dict(scripts)


def require_known_version(document: Mapping[str, Any]) -> int:
    """Return the format version of a stored result, or of the header of a run.

    Raises
    ------
    StorageError
        If it is no such document, or of a newer version.
    """
    named = _format_of(document)
    version = named.get("version")
    if named.get("name") == RECONNECTION_FORMAT:
        raise StorageError(
            "it is the result over several disturbed calls, and each of them is a run of its own",
            remedy="name one of them: their run ids stand under `calls` in this file",
        )
    if named.get("name") in {LOAD_FORMAT, CAPACITY_FORMAT}:
        raise StorageError(
            "it is the result over many sessions at once, which is neither analysed again nor compared",
            remedy="its figures, and those of each session, stand in this file",
        )
    if named.get("name") != RESULT_FORMAT or type(version) is not int or version < 1:
        raise StorageError(
            "it is not a result of this pipeline", remedy=f"its format has to be named {RESULT_FORMAT!r}"
        )
    if version > RESULT_FORMAT_VERSION:
        raise StorageError(
            f"it is of format version {version}, newer than {RESULT_FORMAT_VERSION}, the last that this "
            "version of the pipeline knows",
            remedy=_NEWER_REMEDY,
        )
    return version


def _format_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = document.get("format")
    return cast(Mapping[str, Any], found if isinstance(found, Mapping) else {})


def is_reconnection(document: Mapping[str, Any]) -> bool:
    """Return whether this is a result over several disturbed calls, of a version that can be read.

    Raises
    ------
    StorageError
        If it is one of a newer version.
    """
    named = _format_of(document)
    if named.get("name") != RECONNECTION_FORMAT:
        return False
    if named.get("version") != RECONNECTION_FORMAT_VERSION:
        raise StorageError(
            f"it is of version {named.get('version')} of the results over disturbed calls, and "
            f"{RECONNECTION_FORMAT_VERSION} is the last that this version of the pipeline knows",
            remedy=_NEWER_REMEDY,
        )
    return True


def _from_version_1(document: Document, transmission: Mapping[str, Any]) -> Document:
    """Version 1 had no thresholds, at first no plan, and before method 2 one nameless speaker."""
    run = dict(document["run"])
    if "requested_duration_seconds" in run:
        run["parameters"] = {"duration_seconds": run.pop("requested_duration_seconds")}
    phrases = [{SPEAKER: SPEAKER, **phrase} for phrase in document["phrases"]]
    figures = document["verdict"]["figures"]
    identities = {"publisher": SPEAKER, "subscriber": LISTENER}
    upgraded = {
        **document,
        "format": {**document["format"], "version": 2},
        "run": run,
        "verdict": {**document["verdict"], "figures": [{SPEAKER: "", **figure} for figure in figures]},
        "thresholds": _thresholds(figures),
        "tester": {"event_loop_lag_p99_ms": 0.0, **document["tester"]},  # 0 where nothing was sampled
        "phrases": phrases,
        "events": [{"identity": identities[event["side"]], **event} for event in document["events"]],
    }
    upgraded.setdefault("plan", _plan(transmission))
    upgraded.setdefault("details", {})
    upgraded.setdefault("speakers", [_only_speaker(upgraded)])
    return upgraded


def _thresholds(figures: list[Mapping[str, Any]]) -> dict[str, float]:
    """Return the bounds that fail a run, as the verdict names them; the other ones were not written down.

    Those are the defaults, lowered where the known bounds are below them.
    """
    known = {_THRESHOLD_OF[figure["unit"]]: float(figure["threshold"]) for figure in figures}
    bounds = ThresholdSettings().model_dump() | known
    for name in ("latency_excellent_ms", "latency_good_ms"):
        bounds[name] = min(bounds[name], bounds["latency_acceptable_ms"])
    bounds["loss_excellent_ratio"] = min(bounds["loss_excellent_ratio"], bounds["loss_acceptable_ratio"])
    return bounds


def _plan(transmission: Mapping[str, Any]) -> Document:
    scripts = [channel["script"] for channel in transmission["channels"]]
    return {
        "phrases_planned": sum(len(script["phrases"]) for script in scripts),
        "duration_seconds": max(script["sample_count"] / script["sample_rate_hz"] for script in scripts),
    }


def _only_speaker(document: Mapping[str, Any]) -> Document:
    latency = document["latency_stats"]
    names = {"min": "min_ms", "max": "max_ms", "avg": "avg_ms", "count": "count"}
    taken_over = ("packets_sent", "packets_received", "packet_loss_rate", "rtp", "tester")
    return {
        "speaker": SPEAKER,
        "end_to_end_ms": {name: latency[old] for name, old in names.items()},
        "one_way_delay_ms": document["delay"]["one_way_delay_ms"],
        **{name: document[name] for name in taken_over},
    }


def _from_version_2(document: Document, _: Mapping[str, Any]) -> Document:
    """In version 2 a disagreement was a sentence alone, and the speaker stood before it."""
    speakers = [speaker["speaker"] for speaker in document.get("speakers", ())]
    upgraded = {**document, "format": {**document["format"], "version": 3}}
    if "speakers" in document:
        upgraded["speakers"] = [_with_kinds(speaker, ()) for speaker in document["speakers"]]
    return _with_kinds(upgraded, speakers)


def _with_kinds(document: Document, speakers: Sequence[str]) -> Document:
    loss = document.get("loss")
    if not loss:
        return document  # a header of a run, or from before the witnesses were compared
    named = [_disagreement(sentence, speakers) for sentence in loss.get("disagreements", ())]
    return {**document, "loss": {**loss, "disagreements": named}}


def _disagreement(sentence: str, speakers: Sequence[str]) -> Document:
    whose, _, rest = sentence.partition(": ")
    speaker, explanation = (whose, rest) if whose in speakers else ("", sentence)
    kind = next(kind for words, kind in _KIND_OF.items() if words in explanation)
    return {"kind": kind, "speaker": speaker, "explanation": explanation}


_KIND_OF = {
    "redundancy (RED or FEC)": "hidden_by_redundancy",
    "phrases were not received": "phrases_without_loss",
    "look at the sender before its encoder": "missing_outside_rtp",
    "speech is missing": "missing_and_concealed",
    "": "concealed_without_loss",
}
"""Words that only the sentences of one kind have; the last kind is what is left."""


_STEPS: dict[int, Callable[[Document, Mapping[str, Any]], Document]] = {
    1: _from_version_1,
    2: _from_version_2,
}
"""What brings a document from each version to the next one."""
