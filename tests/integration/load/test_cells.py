"""Load cells on a real server: several processes, several sessions each."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Generator, Sequence
from pathlib import Path

import psutil
import pytest

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.load.cells import CellProcess, run_cells
from eloquence_pipeline.load.host_watch import HostWatch
from eloquence_pipeline.load.planning import plan_cells, tokens_of
from eloquence_pipeline.load.server_watch import ServerWatch
from eloquence_pipeline.load.session import SessionTokens
from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.models import Clip, Phrase, SpeechScript, VerdictStatus
from eloquence_pipeline.models.load import CellPlan, LimitSide, LoadWish
from eloquence_pipeline.servers import embedded_servers
from eloquence_pipeline.settings import Settings, ThresholdSettings, load_settings
from eloquence_pipeline.speech.script import lay_out
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
from tests.loads import RUN

pytestmark = pytest.mark.integration

SECONDS = 6
TEXTS = ("Bonjour, on commence ?", "Respirez calmement.", "C'est mieux ainsi.", "Reprenons au début.")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Settings]:
    """Settings that name a server of this module's own."""
    folder = tmp_path_factory.mktemp("load")
    folders = {name: folder / name for name in ("results", "data", "state")}
    settings = load_settings()
    folders["cache"] = settings.folders.cache
    settings = settings.model_copy(update={"folders": settings.folders.model_copy(update=folders)})
    with embedded_servers(settings, livekit=True, s3=False, prefect=False) as endpoints:
        livekit = endpoints.livekit
        assert livekit is not None
        # How well this machine keeps its pace while other tests run is for benchmarks to say.
        patient = {"pacing_lateness_p99_ms": 1e4, "pacing_lateness_max_ms": 1e4, "frames_skipped_max": 10**6}
        yield settings.model_copy(
            update={
                "livekit_url": livekit.url,
                "api_key": livekit.api_key,
                "api_secret": livekit.api_secret,
                "tests": settings.tests.model_copy(
                    update={
                        "load": settings.tests.load.model_copy(update={"metrics_url": livekit.metrics_url})
                    }
                ),
                "thresholds": settings.thresholds.model_copy(update=patient),
            }
        )


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> list[SpeechScript]:
    """What four sessions say: the same phrases, each in another order."""
    synthesizer = VoiceSynthesizer(tmp_path_factory.mktemp("phrases"))
    clips = [synthesizer.synthesise(Phrase(text=text, category="greetings")) for text in TEXTS]
    return [_script([*clips[turn:], *clips[:turn]]) for turn in range(len(clips))]


def _script(clips: Sequence[Clip]) -> SpeechScript:
    return lay_out(clips[:2], 1, 0.5, 0.5, SECONDS)


def planned(wish: LoadWish, scripts: list[SpeechScript], served: Settings, folder: Path) -> list[CellPlan]:
    room = f"load-{secrets.token_hex(4)}"
    return plan_cells(wish, scripts, served, folder=folder, room=room, sessions_per_cell=2)


async def test_every_session_of_every_cell_is_measured_and_the_background_is_not(
    served: Settings, scripts: list[SpeechScript], tmp_path: Path
) -> None:
    wish = LoadWish(sessions=4, background=1, duration_seconds=SECONDS)
    plans = planned(wish, scripts, served, tmp_path)
    assert [len(plan.sessions) for plan in plans] == [2, 2, 1]
    # One of them takes the SDK's public way, as where a version of it has no other.
    plans[1] = plans[1].model_copy(update={"is_plain": True})
    watch = ServerWatch(served.tests.load.metrics_url)
    results = await run_cells(plans, tokens_of(plans, served), [watch])
    sessions = {one.figures.session: one for result in results for one in result.sessions}
    assert sorted(sessions) == [1, 2, 3, 4]
    for number, session in sessions.items():
        figures = session.figures.figures
        # On a machine that stands still for a moment a phrase may not be recognised.
        assert 1 <= figures.packets_received <= figures.packets_sent == 2, session.figures
        assert [phrase.text for phrase in session.phrases] == [
            phrase.clip.phrase.text for phrase in scripts[number - 1].phrases
        ]
        known_ms = [delay for delay in session.figures.one_way_delay_ms if delay is not None]
        assert len(known_ms) == figures.packets_received
        assert all(10 < delay < 2000 for delay in known_ms)
        assert session.figures.failure == ""
    assert sum(result.background_carried for result in results) == 1
    assert [cell.figures.uses_shortcut for cell in results if cell.figures] == [True, False, True]
    assert {path.name for path in tmp_path.iterdir()} == {f"session-{number:03d}" for number in sessions}
    assert watch.figures is not None, watch.problem
    # It counts up now and then.
    assert min(watch.figures.packets_in, watch.figures.packets_out) > 100
    assert watch.figures.cpu_ratio > 0


async def test_a_cell_that_is_killed_or_starved_is_the_testers_doing(
    served: Settings, scripts: list[SpeechScript], tmp_path: Path
) -> None:
    wish = LoadWish(sessions=4, duration_seconds=SECONDS)
    impatient = served.model_copy(update={"thresholds": ThresholdSettings()})
    plans = planned(wish, scripts, impatient, tmp_path)
    disturber, host = _Disturber(), HostWatch()
    results = await run_cells(plans, tokens_of(plans, served), [host, disturber])
    (killed,) = [result for result in results if result.figures is None]
    (starved,) = [result for result in results if result.figures is not None]
    assert killed.sessions == ()
    assert len(killed.not_measured) == 2
    assert all("signal 9" in one.reason for one in killed.not_measured)
    assert len(starved.sessions) == 2
    assert not any(one.figures.is_valid for one in starved.sessions)
    told = analyse_load(RUN, wish, results, host=host.figures, server=None, thresholds=impatient.thresholds)
    assert (told.limit.side, told.verdict.status) == (LimitSide.TESTER, VerdictStatus.INVALID)
    assert (told.sessions_invalid, told.sessions_not_measured) == (2, 2)
    assert told.verdict.figures == ()


class _Disturber:
    """Kills one cell when the load begins, and lets another one stand still for a second."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def begin(self, start_ns: int) -> None:
        self._task = asyncio.create_task(self._disturb(start_ns))

    async def _disturb(self, start_ns: int) -> None:
        killed, starved = _cells()
        await asyncio.sleep((start_ns - monotonic_ns()) / NANOSECONDS_PER_SECOND + 1.5)
        killed.kill()
        starved.suspend()
        await asyncio.sleep(1)
        starved.resume()

    async def end(self) -> None:
        assert self._task is not None
        await self._task


def _cells() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if "eloquence_pipeline.load.process" in " ".join(child.cmdline())]


async def test_a_cell_ends_with_whoever_started_it(
    served: Settings, scripts: list[SpeechScript], tmp_path: Path
) -> None:
    (plan,) = planned(LoadWish(sessions=1, duration_seconds=SECONDS), scripts, served, tmp_path)
    tokens = tokens_of([plan], served)
    told = {str(number): _plainly(pair) for number, pair in tokens.items()}
    cell = CellProcess(plan)
    await cell.start()
    process = psutil.Process(cell.pid)
    assert (await cell.ask("join", plan=plan.model_dump(mode="json"), tokens=told))["joined"] == [1]
    assert not any(token in " ".join(process.cmdline()) for token in told["1"].values())
    os.kill(cell.pid, signal.SIGINT)  # Ctrl-C is not for the cell
    assert "no command" in (await cell.ask("nonsense"))["error"]
    await cell.stop()
    assert not process.is_running()


def _plainly(pair: SessionTokens) -> dict[str, str]:
    return {"speaker": pair.speaker.get_secret_value(), "listener": pair.listener.get_secret_value()}


async def test_sessions_that_cannot_join_say_why(
    served: Settings, scripts: list[SpeechScript], tmp_path: Path
) -> None:
    wish = LoadWish(sessions=1, duration_seconds=SECONDS)
    plans = planned(wish, scripts, served, tmp_path)
    wrong = served.model_copy(update={"api_key": "nobody"})
    with pytest.raises(TransportError, match="refused the access token"):
        await run_cells(plans, tokens_of(plans, wrong))
