"""Phrases are scored in processes of their own, which always end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from eloquence_pipeline.measurement import scoring
from eloquence_pipeline.measurement.quality_worker import ScoringJob
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.measurement.scoring import WORKER, score_phrases, score_run, scoring_jobs
from eloquence_pipeline.models import ScenarioResult, Transmission
from eloquence_pipeline.settings import QualitySettings, ThresholdSettings
from tests.polling import await_true
from tests.simulated import Simulation, run_info

pytestmark = pytest.mark.integration


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if child.is_running() and WORKER in " ".join(child.cmdline())]


def measured(simulation: Simulation, folder: Path) -> tuple[Transmission, ScenarioResult]:
    transmission = simulation.write(folder)
    return transmission, analyse(transmission, folder, run_info(), (), ThresholdSettings())


def jobs(folder: Path, count: int) -> list[ScoringJob]:
    transmission, result = measured(Simulation([2000] * count), folder)
    return scoring_jobs(transmission, folder, result, most_phrases=count)


def ignore(_done: int, _total: int) -> None:
    """Do nothing."""


async def test_a_run_is_scored_with_progress_and_no_process_stays(tmp_path: Path) -> None:
    transmission, result = measured(Simulation([2000, None, 3000, 2400]), tmp_path)
    told: list[tuple[int, int]] = []

    def on_progress(done: int, total: int) -> None:
        told.append((done, total))

    quality = await score_run(transmission, tmp_path, result, QualitySettings(most_phrases=2), on_progress)
    assert [phrase.index for phrase in quality.phrases] == [1, 3, 4]
    assert (quality.scored_count, quality.failed_count, quality.mos_lqo.count) == (2, 0, 2)
    assert quality.stoi.min is not None
    assert quality.stoi.min > 0.99
    assert all(phrase.level_difference_db is not None for phrase in quality.phrases)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert workers() == []


async def test_nothing_received_starts_no_process(tmp_path: Path) -> None:
    transmission, result = measured(Simulation([None], listener_came=False), tmp_path)
    quality = await score_run(transmission, tmp_path, result, QualitySettings(), ignore)
    assert (quality.phrases, quality.mos_lqo.count) == ((), 0)


async def test_a_phrase_that_cannot_be_read_does_not_lose_the_others(tmp_path: Path) -> None:
    good, bad = jobs(tmp_path, 2)
    answers = await score_phrases([bad.model_copy(update={"sent": tmp_path / "no.wav"}), good], 1, ignore)
    assert "no.wav cannot be read" in answers[0].failures["mos_lqo"]
    assert answers[1].mos_lqo is not None


def killing_first(count: int) -> Callable[..., object]:
    """Return a way of asking that kills the process before it can answer, `count` times."""
    left = [count]
    ask = scoring._ask  # pyright: ignore[reportPrivateUsage]

    async def asked(worker: asyncio.subprocess.Process, job: ScoringJob) -> object:
        if left[0]:
            left[0] -= 1
            os.kill(worker.pid, signal.SIGKILL)
        return await ask(worker, job)

    return asked


async def test_a_process_that_dies_loses_its_phrase_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_ask", killing_first(1))
    answers = await score_phrases(jobs(tmp_path, 3), 1, ignore)
    failed = [answer for answer in answers if answer.failures]
    assert len(failed) == 1
    assert "the scoring process ended with exit code -9" in failed[0].failures["mos_lqo"]
    assert sum(answer.mos_lqo is not None for answer in answers) == 2


async def test_processes_that_never_work_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "WORKER", "eloquence_pipeline.no_such_module")
    answers = await score_phrases(jobs(tmp_path, 5), 1, ignore)
    assert all(answer.failures for answer in answers)
    assert "end by themselves" in answers[-1].failures["mos_lqo"]


async def test_without_processes_the_run_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    answers = await score_phrases(jobs(tmp_path, 5), 2, ignore)
    assert len(answers) == 5
    assert "no scoring process can be started" in answers[0].failures["mos_lqo"]


async def test_a_process_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(scoring, "_PATIENCE_PER_SECOND", 0.0)
    (answer,) = await score_phrases(jobs(tmp_path, 1), 1, ignore)
    assert "took longer than" in answer.failures["mos_lqo"]
    assert workers() == []


async def test_cancelling_kills_the_processes(tmp_path: Path) -> None:
    task = asyncio.create_task(score_phrases(jobs(tmp_path, 4), 2, ignore))
    await asyncio.to_thread(await_true, lambda: len(workers()) == 2, "both processes run")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert workers() == []


ASKS_AND_WAITS = """
import asyncio
from eloquence_pipeline.measurement import scoring

async def main():
    worker = await scoring._start_worker()
    print(worker.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_worker_ends_with_the_one_who_asks() -> None:
    with psutil.Popen([sys.executable, "-c", ASKS_AND_WAITS], stdout=subprocess.PIPE) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    await_true(lambda: not worker.is_running(), "the worker has ended")
