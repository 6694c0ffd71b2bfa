from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.storage.keys import file_name, new_run_id, run_prefix, store_prefix

pytestmark = pytest.mark.unit

STARTED = datetime(2026, 11, 22, 15, 10, tzinfo=UTC)
RUN_ID = "20261122T151000Z-3f9a1c"
ZONES = st.timedeltas(timedelta(hours=-12), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
MOMENTS = st.datetimes(datetime(2001, 1, 2), datetime(2999, 1, 1), timezones=ZONES)
HOSTILE = [
    "",
    "..",
    ".",
    "a/../b",
    "/etc/passwd",
    "a//b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a b",
    "é",
    "~",
    "-rf",
    "x" * 200,
]


def test_prefix_is_as_documented() -> None:
    assert run_prefix(STARTED, "basic", RUN_ID) == f"runs/2026-11-22/basic/{RUN_ID}/"


@given(moment=MOMENTS)
def test_new_run_ids_are_accepted_and_begin_with_the_time_in_utc(moment: datetime) -> None:
    run_id = new_run_id(moment)
    parts = run_prefix(moment, "basic", run_id).split("/")
    assert run_id.startswith(parts[1].replace("-", ""))
    assert run_id.startswith(moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ-"))


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(["basic", "latency", "stress"])), min_size=2, max_size=8))
def test_keys_sort_by_date_then_scenario_then_time(runs: list[tuple[datetime, str]]) -> None:
    keys = {run_prefix(moment, scenario, new_run_id(moment)): (moment, scenario) for moment, scenario in runs}

    def order(key: str) -> tuple[str, str, str]:
        moment, scenario = keys[key]
        utc = moment.astimezone(UTC)
        return f"{utc:%Y-%m-%d}", scenario, f"{utc:%H%M%S}"

    in_order = [order(key) for key in sorted(keys)]
    assert in_order == sorted(in_order)


def test_run_ids_of_one_second_differ() -> None:
    assert len({new_run_id(STARTED) for _ in range(50)}) == 50


def test_a_time_without_zone_is_refused() -> None:
    naive = STARTED.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        new_run_id(naive)


@pytest.mark.parametrize("name", [*HOSTILE, "Basic", "a/b"])
def test_hostile_scenario_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        run_prefix(STARTED, name, RUN_ID)


@pytest.mark.parametrize("run_id", [*HOSTILE, RUN_ID + "/x", "../" + RUN_ID, RUN_ID + "\n", RUN_ID.lower()])
def test_hostile_run_ids_are_refused(run_id: str) -> None:
    with pytest.raises(ConfigurationError):
        run_prefix(STARTED, "basic", run_id)


@pytest.mark.parametrize("name", [*HOSTILE, ".hidden", "audio/.hidden", "a/"])
def test_hostile_file_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        file_name(name)


@pytest.mark.parametrize("name", ["results.json", "audio/sent.wav", "a/b/c-1_2.npz"])
def test_plain_file_names_are_kept(name: str) -> None:
    assert file_name(name) == name


@given(st.text(max_size=20))
def test_no_accepted_file_name_leaves_its_folder(name: str) -> None:
    try:
        accepted = file_name(name)
    except ConfigurationError:
        return
    assert not accepted.startswith("/")
    assert all(part and not part.startswith(".") for part in accepted.split("/"))


@pytest.mark.parametrize(
    ("given_prefix", "prefix"), [("", ""), ("/", ""), ("team", "team/"), ("/team/voice/", "team/voice/")]
)
def test_store_prefix_ends_with_one_slash(given_prefix: str, prefix: str) -> None:
    assert store_prefix(given_prefix) == prefix


def test_hostile_store_prefix_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        store_prefix("team/../other")
