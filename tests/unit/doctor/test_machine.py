"""How the doctor judges a machine."""

from __future__ import annotations

import time

import pytest

from eloquence_pipeline.clock import KernelClock, kernel_clock
from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.reporting.checks import Check, CheckStatus
from eloquence_pipeline.servers import interfaces
from eloquence_pipeline.settings import ThresholdSettings
from flows.doctor import machine
from flows.doctor.guard import guarded, in_turn

pytestmark = pytest.mark.unit

OK, WARNING, FAILED = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED


@pytest.mark.parametrize(
    ("late_ms", "status"),
    [
        ([0.1] * 100, OK),
        ([0.1] * 99 + [4.0], OK),
        ([0.1] * 99 + [25.0], WARNING),
        ([0.1] * 90 + [6.0] * 10, FAILED),
    ],
)
def test_lateness_is_judged_by_the_limits_of_a_valid_test(late_ms: list[float], status: CheckStatus) -> None:
    check = machine.judge_lateness("x", late_ms, ThresholdSettings())
    assert check.status is status
    assert "p99 5 ms, max 20 ms" in check.detail
    assert bool(check.remedy) == (status is not OK)


def test_lateness_is_counted_from_absolute_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(machine.time, "sleep", slept.append)
    late_ms = machine.lateness_ms()
    assert len(late_ms) == 100
    # Nobody slept, so each wake-up was early by what was left of its period.
    assert all(late < 0 for late in late_ms)


@pytest.mark.parametrize(("waiting", "status"), [(0.2, OK), (2.0, OK), (2.1, WARNING)])
def test_load_is_judged_by_the_cores(waiting: float, status: CheckStatus) -> None:
    assert machine.judge_load("x", waiting, 2).status is status


@pytest.mark.parametrize(("gibibytes", "status"), [(8.0, OK), (0.9, WARNING), (0.2, FAILED)])
def test_memory_is_judged_by_what_the_servers_take(gibibytes: float, status: CheckStatus) -> None:
    assert machine.judge_memory("x", int(gibibytes * machine.GIBIBYTE)).status is status


@pytest.mark.parametrize(("gibibytes", "status"), [(8.0, OK), (0.5, WARNING), (0.05, FAILED)])
def test_the_smallest_disk_counts(gibibytes: float, status: CheckStatus) -> None:
    free = {"résultats": 100 * machine.GIBIBYTE, "temporaires": int(gibibytes * machine.GIBIBYTE)}
    assert machine.judge_disks("x", free).status is status


@pytest.mark.parametrize(("synchronised", "status"), [(True, OK), (None, OK), (False, WARNING)])
def test_a_clock_that_nobody_sets_is_said(
    monkeypatch: pytest.MonkeyPatch, synchronised: bool | None, status: CheckStatus
) -> None:
    monkeypatch.setattr(machine, "kernel_clock", lambda: KernelClock(is_synchronised=synchronised))
    assert machine.clock("x").status is status


def test_the_kernel_is_asked_about_the_clock_without_changing_it() -> None:
    before = time.time() - time.monotonic()
    assert kernel_clock().is_synchronised in {True, False, None}
    assert abs(time.time() - time.monotonic() - before) < 1


def test_nothing_but_loopback_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interfaces.psutil, "net_if_addrs", dict)
    check = guarded(("interface", lambda: machine.interface("interface")))
    assert check.status is FAILED
    assert "only a loopback interface" in check.detail
    assert check.remedy


def test_what_a_check_raises_is_what_it_found() -> None:
    def fail() -> Check:
        raise ServerError("it is broken", remedy="mend it")

    def burst() -> Check:
        raise KeyError("odd")

    assert guarded(("a", fail)) == Check.failed("a", "it is broken", "mend it")
    assert guarded(("a", burst)).status is FAILED
    assert "KeyError" in guarded(("a", burst)).detail


def test_after_a_check_that_fails_those_that_need_it_are_not_made() -> None:
    made: list[str] = []

    def look(name: str, check: Check) -> tuple[str, object]:
        return name, lambda: made.append(name) or check

    steps = [
        look("one", Check.warning("one", "so so", "look")),
        look("two", Check.failed("two", "bad", "mend")),
        look("three", Check.ok("three", "good")),
        look("four", Check.ok("four", "good")),
    ]
    found = list(in_turn(steps))  # pyright: ignore[reportArgumentType]
    assert made == ["one", "two"]
    assert [check.status for check in found[2:]] == [CheckStatus.NOT_CHECKED] * 2
    assert all("two" in check.detail for check in found[2:])
