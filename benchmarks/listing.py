"""How long it takes to list 1,000 stored runs, in a real MinIO on this machine.

Each run has 14 small objects, eleven runs a day; the embedded server runs in a folder of its own. The
target is 2 s. Run it with ``python -m benchmarks.listing``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from benchmarks.own_store import own_store
from eloquence_pipeline.storage import ObjectStore
from eloquence_pipeline.storage.past_results import Period, runs_in_store
from eloquence_pipeline.storage.pruning import Bounds, prunable

RUNS = 1000
RUNS_A_DAY = 11
FILES = ("manifest.json", "results.json", *(f"file-{number}" for number in range(12)))
SCENARIOS = ("basic", "stress", "latency")
REPETITIONS = 5
LAST = datetime(2026, 11, 22, 2, tzinfo=UTC)


def keys() -> list[str]:
    """Return the keys of all runs."""
    made: list[str] = []
    for number in range(RUNS):
        started_at = LAST - timedelta(days=number // RUNS_A_DAY, minutes=number % RUNS_A_DAY)
        name = f"{started_at:%Y%m%dT%H%M%SZ}-{number:06x}"
        prefix = f"runs/{started_at:%Y-%m-%d}/{SCENARIOS[number % 3]}/{name}/"
        made += [prefix + file for file in FILES]
    return made


def fill(store: ObjectStore) -> None:
    """Store an object under every key."""
    client = store._client  # pyright: ignore[reportPrivateUsage]

    def put(key: str) -> None:
        client.put_object(Bucket=store.bucket, Key=key, Body=b"{}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, keys()))


def seconds(action: Callable[[], object]) -> float:
    """Return the median time of an action."""
    timings: list[float] = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        action()
        timings.append(time.perf_counter() - began)
    return statistics.median(timings)


def main() -> None:
    """Fill a store and list it."""
    with own_store() as (results, store):
        fill(store)
        period = Period((LAST - timedelta(days=365)).date(), LAST.date())
        found = runs_in_store(store, "", period)
        listing = seconds(lambda: runs_in_store(store, "", period))
        pruning = seconds(lambda: prunable(results, store, Bounds(most_days=30), LAST))
        print(f"{len(found)} runs, {RUNS * len(FILES)} objects")
        print(f"as nights, day by day: {listing:.2f} s; for pruning, page by page: {pruning:.2f} s")


if __name__ == "__main__":
    main()
