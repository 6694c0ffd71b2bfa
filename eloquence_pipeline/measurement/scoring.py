"""Score the phrases of a run in processes of their own.

Not in a pool of :mod:`concurrent.futures`: its processes import the program that started them, which with
Prefect takes seconds; one that crashes breaks the whole pool; and when the parent is killed they stay.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from eloquence_pipeline.measurement.quality import choose_phrases, quality_figures
from eloquence_pipeline.measurement.quality_worker import ScoringJob, failed
from eloquence_pipeline.models import PhraseQuality, QualityFigures, ScenarioResult, Transmission
from eloquence_pipeline.settings import QualitySettings

WORKER = "eloquence_pipeline.measurement.quality_worker"
_FEWEST_WORKERS = 2
_PATIENCE_SECONDS = 60.0
_PATIENCE_PER_SECOND = 20.0
"""The models take 0.4 s for a second of speech on a machine that has time."""
_MOST_DEATHS = 3
"""In a row; then the processes do not work here, and the rest is not tried."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

OnProgress = Callable[[int, int], None]


def scoring_jobs(
    transmission: Transmission, folder: Path, result: ScenarioResult, most_phrases: int
) -> list[ScoringJob]:
    """Return a job for each received phrase, in the order in which they were said.

    Parameters
    ----------
    transmission
        What was collected; its files lie in `folder`.
    result
        What the delay meter made of it: where each phrase is in the recording.
    most_phrases
        How many of them the models score at most.
    """
    channels = {channel.speaker: channel for channel in transmission.channels}
    chosen = choose_phrases(result.phrases, most_phrases)
    jobs: list[ScoringJob] = []
    for phrase in result.phrases:
        channel = channels[phrase.speaker]
        if channel.received is None or phrase.position_in_received_seconds is None:
            continue
        rate = channel.sent.sample_rate_hz
        job = ScoringJob(
            index=phrase.index,
            speaker=phrase.speaker,
            sent=folder / channel.sent.audio.name,
            received=folder / channel.received.audio.name,
            sent_sample=round(phrase.position_in_sent_seconds * rate),
            received_sample=phrase.position_in_received_seconds * rate,
            sample_count=phrase.sample_count,
            sample_rate_hz=rate,
            with_models=phrase.index in chosen,
        )
        jobs.append(job)
    return jobs


async def score_run(
    transmission: Transmission,
    folder: Path,
    result: ScenarioResult,
    settings: QualitySettings,
    on_progress: OnProgress,
) -> QualityFigures:
    """Score the received phrases of a run; what goes wrong with a phrase stands in its figures.

    Parameters
    ----------
    transmission, folder, result
        As in :func:`scoring_jobs`.
    settings
        How many phrases, in how many processes, and what the E-model assumes.
    on_progress
        Called with the number of phrases done and that of all.
    """
    jobs = scoring_jobs(transmission, folder, result, settings.most_phrases)
    scored = await score_phrases(jobs, settings.workers, on_progress)
    places = {phrase.index: phrase.position_in_sent_seconds for phrase in result.phrases}
    return quality_figures(scored, result.speakers, settings.e_model, places, result.course)


async def score_phrases(
    jobs: Sequence[ScoringJob], workers: int, on_progress: OnProgress
) -> list[PhraseQuality]:
    """Return the quality of each job, in their order.

    When the call is cancelled, the processes are killed before it returns.

    Parameters
    ----------
    jobs
        What is to be scored.
    workers
        How many processes; 0 takes half of the processors, at least two.
    on_progress
        Called with the number of jobs done and that of all.
    """
    if not jobs:
        return []
    desk = _Desk(jobs, on_progress)
    count = min(workers or max(_FEWEST_WORKERS, (os.cpu_count() or 1) // 2), len(jobs))
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(_serve(desk))
    return [desk.answers[job.index] for job in jobs]


class _Desk:
    """The jobs that are left, and the answers that are there."""

    def __init__(self, jobs: Sequence[ScoringJob], on_progress: OnProgress) -> None:
        # The models' jobs first: one of them at the end would keep all others waiting.
        self.waiting = deque(sorted(jobs, key=lambda job: (not job.with_models, -job.sample_count)))
        self.answers: dict[int, PhraseQuality] = {}
        self._count = len(jobs)
        self._on_progress = on_progress
        on_progress(0, self._count)

    def answer(self, quality: PhraseQuality) -> None:
        self.answers[quality.index] = quality
        self._on_progress(len(self.answers), self._count)


async def _serve(desk: _Desk) -> None:
    deaths = 0
    while desk.waiting and deaths < _MOST_DEATHS:
        try:
            worker = await _start_worker()
        except OSError as error:
            desk.answer(failed(desk.waiting.popleft(), f"no scoring process can be started: {error}"))
            deaths += 1
            continue
        try:
            while desk.waiting:
                job = desk.waiting.popleft()
                try:
                    desk.answer(await _ask(worker, job))
                    deaths = 0
                except _WorkerGoneError as gone:
                    desk.answer(failed(job, str(gone)))
                    deaths += 1
                    break
        finally:
            await _stop_worker(worker)
    while deaths >= _MOST_DEATHS and desk.waiting:
        desk.answer(failed(desk.waiting.popleft(), f"the scoring processes end by themselves: {_TRY}"))


_TRY = f"run `python -m {WORKER}` to see why"


class _WorkerGoneError(Exception):
    """The process ended, or hangs."""


async def _start_worker() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # what lies in the user's folder is not to be imported
        "-m",
        WORKER,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=os.environ | _ONE_THREAD,
        # Ctrl-C is for the command, which ends its processes itself.
        start_new_session=True,
    )


async def _ask(worker: Process, job: ScoringJob) -> PhraseQuality:
    questions, answers = worker.stdin, worker.stdout
    if questions is None or answers is None:
        raise RuntimeError("the scoring process was started without pipes")
    patience_seconds = _PATIENCE_SECONDS + _PATIENCE_PER_SECOND * job.duration_seconds
    try:
        questions.write((job.model_dump_json() + "\n").encode())
        await questions.drain()
        answer = await asyncio.wait_for(answers.readline(), patience_seconds)
    except TimeoutError:
        raise _WorkerGoneError(f"it took longer than {patience_seconds:.0f} s") from None
    except ConnectionError:
        answer = b""
    if not answer:
        raise _WorkerGoneError(f"the scoring process ended with exit code {await worker.wait()}: {_TRY}")
    return PhraseQuality.model_validate_json(answer)


async def _stop_worker(worker: Process) -> None:
    with suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
