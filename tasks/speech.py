"""The task that turns a phrase into audio."""

from __future__ import annotations

from prefect import task
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
