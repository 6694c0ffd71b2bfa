from __future__ import annotations

from collections.abc import Callable

import pytest

from eloquence_pipeline.servers import down, embedded_servers, status, up
from eloquence_pipeline.settings import Settings
from tests.integration.servers.conftest import Owner
from tests.polling import await_true

pytestmark = pytest.mark.integration

LeftOver = Callable[[], list[str]]


def test_servers_stay_until_they_are_taken_down(
    settings: Settings, start_owner: Callable[..., Owner], left_over: LeftOver
) -> None:
    first = up(settings, livekit=True, s3=True, prefect=False)
    assert up(settings, livekit=True, s3=True, prefect=False) == first

    owner = start_owner("livekit", "s3")
    used = owner.await_ready()
    assert first.livekit is not None
    assert used["livekit"]["url"] == first.livekit.url
    assert owner.finish() == 0

    by_name = {one.name: one for one in status(settings)}
    assert [name for name, one in by_name.items() if one.running] == ["livekit", "minio"]
    livekit = by_name["livekit"]
    assert livekit.in_background
    assert livekit.url == first.livekit.url
    assert livekit.pid
    assert livekit.version
    assert livekit.uptime_seconds > 0
    assert livekit.users == 0
    assert livekit.log is not None
    assert livekit.log.exists()

    assert sorted(down(settings)) == ["livekit", "minio"]
    assert left_over() == []
    assert down(settings) == []
    assert not any(one.running for one in status(settings))


def test_down_during_a_run_waits_for_the_run(settings: Settings, left_over: LeftOver) -> None:
    up(settings, livekit=True, s3=False, prefect=False)
    told: list[str] = []
    with embedded_servers(settings, livekit=True, s3=False, prefect=False):
        assert down(settings, progress=told.append) == []
        assert told == ["livekit is still used by a run and stops when that ends"]
        assert next(one for one in status(settings) if one.name == "livekit").running
    assert left_over() == []


def test_background_servers_outlive_the_process_that_started_them(
    settings: Settings, start_owner: Callable[..., Owner]
) -> None:
    owner = start_owner("s3")
    owner.await_ready()
    up(settings, livekit=False, s3=True, prefect=False)
    owner.process.kill()
    owner.wait()
    await_true(lambda: _users(settings) == 0, "the lease of the killed run is gone")
    assert next(one for one in status(settings) if one.name == "minio").running
    assert down(settings) == ["minio"]


def _users(settings: Settings) -> int:
    return next(one for one in status(settings) if one.name == "minio").users
