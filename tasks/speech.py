"""The task that turns a phrase into audio, and all phrases of a test."""

from __future__ import annotations

from collections.abc import Iterable

from prefect import task, unmapped
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.models import Clip, Phrase
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
from tasks.retrying import error_is_transient


# The synthesizer's own cache holds the audio and checks it; Prefect's would hold only the path of a
# file that may be gone.
@task(
    name="synthesise phrase",
    task_run_name="synthesise: {phrase.text}",
    retries=2,
    retry_delay_seconds=[0.5, 2.0],
    retry_condition_fn=error_is_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def synthesise_phrase(phrase: Phrase, settings: Settings) -> Clip:
    """Speak one phrase, or take it from the cache of phrases."""
    return VoiceSynthesizer.from_settings(settings).synthesise(phrase)


def synthesised(phrases: Iterable[Phrase], settings: Settings) -> dict[Phrase, Clip]:
    """Speak each phrase once, however many say it and however often."""
    different = list(dict.fromkeys(phrases))
    clips = synthesise_phrase.map(different, settings=unmapped(settings)).result()
    return dict(zip(different, clips, strict=True))
