"""``docs/accuracy.md``: every figure of it was measured by the run that wrote it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from calibration.bounds import Bound, fitted, interval, live_bounds, synthetic_bounds
from calibration.commit import commit_of
from calibration.live import REPETITIONS, Live
from calibration.short import LONGEST_SECONDS, MILLISECONDS, SHORTEST_SECONDS
from calibration.synthetic import SEEDS, Synthetic
from calibration.warped import WarpedPhrases

SYNTHETIC_PLOT, LIVE_PLOT = "accuracy-synthetic.svg", "accuracy-live.svg"


class Circumstances(BaseModel):
    """Where and when something was measured."""

    date: str
    commit: str
    machine: str
    versions: str

    @classmethod
    def now(cls, project: Path) -> Circumstances:
        """Return those of this run; the machine has no name."""
        packages = ("livekit", "numpy", "scipy")
        return cls(
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            commit=commit_of(project),
            machine=f"{os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}",
            versions=", ".join(f"{name} {version(name)}" for name in packages),
        )

    @property
    def sentence(self) -> str:
        """In one sentence."""
        return f"Measured on {self.date} at commit `{self.commit}`: {self.machine}; {self.versions}."


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def text(
    synthetic: Synthetic, of_synthetic: Circumstances, live: Live | None, of_live: Circumstances | None
) -> str:
    """Return the whole document."""
    parts = [_HEAD, _synthetic(synthetic, of_synthetic)]
    if live is not None and of_live is not None:
        parts.append(_live(live, of_live))
    return "\n".join(parts)


_HEAD = """# How exact the measurement is

Written by `make calibrate`, which puts known truth in and compares what comes out. No figure here was typed
by hand. What the words mean is in [results.md](results.md); the methods are in the [decisions](adr/). The
counters of the simulated network, which are the truth of calls below, are compared with captured packets in
[accuracy-captured.md](accuracy-captured.md).
"""


def _warped_rows(phrases: Iterable[WarpedPhrases]) -> str:
    return "\n".join(
        f"| {bent.warp} | {bent.received} of {bent.said} | {bent.false_delays} "
        f"| {bent.windows} | {bent.false_windows} |"
        for bent in phrases
    )


def _synthetic(synthetic: Synthetic, circumstances: Circumstances) -> str:
    rows = "\n".join(
        f"| {errors.damage} | {errors.received} of {errors.said} | {errors.largest_samples:.2f} "
        f"| {errors.percentile_samples(95):.3f} | {errors.bias_samples:+.4f} "
        f"| {errors.within_two_uncertainties:.0%} |"
        for errors in synthetic.delays
    )
    wrong = "\n".join(
        f"| {each.received_instead} | {each.in_pieces} of {len(each.peaks)} | {max(each.peaks):.2f} "
        f"| {each.least_distance:.2f} |"
        for each in synthetic.wrong
    )
    losses = "\n".join(
        f"| {loss.missing} | {loss.true_ratio:.2%} | {loss.measured_ratio:.2%} |" for loss in synthetic.losses
    )
    return f"""## Signals with known delay

{circumstances.sentence}

Every phrase of the catalogue in {len(SEEDS)} orders, each late by another, fractional number of samples
between 20 and 400 ms: the spectrum is turned by its phase, so the truth is exact. Then the damage; noise has
the power of the phrase at 0 dB. Errors are in samples at 48 kHz (0.021 ms).

| damage | received | largest error | 95 % below | mean error | within twice the stated uncertainty |
|---|---|---|---|---|---|
{rows}

![Every error by damage]({SYNTHETIC_PLOT})

Phrases that are not received have no delay: a number that could be another's would be worse than none.

Speech whose speed changes on the way, as by another sample clock, a buffer that runs dry, or the time
stretching of a jitter buffer. A delay, of a phrase or of a window of 200 ms along it, is false if none of its
samples was so late to within 1 ms. A phrase that is out of step with itself everywhere is not found.

| on the way | received | with a false delay | windows with a delay | of these false |
|---|---|---|---|---|
{_warped_rows(synthetic.warped)}

Short phrases, of {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g} s, through Opus, each between two that
are whole, in whose middle a jitter buffer did {", ".join(map(str, MILLISECONDS))} ms of the following
([how they are found](adr/0020-short-phrases.md)):

| in the middle | received | with a false delay | windows with a delay | of these false |
|---|---|---|---|---|
{_warped_rows(synthetic.short)}

What was received instead of such a phrase, within 0.4 s of where it ought to be:

| instead | some of it is like pieces of the phrase | greatest joint peak | closest to the gate |
|---|---|---|---|
{wrong}

Speech that is missing, as the sound itself shows it (in the active speech of all phrases; the truth counts
pauses within phrases as well):

| silent | truth | found |
|---|---|---|
{losses}

{_bounds(synthetic_bounds(synthetic))}
"""


def _live(live: Live, circumstances: Circumstances) -> str:
    line = fitted(live)
    losses = "\n".join(
        f"| {point.asked_ratio:.0%} "
        f"| {point.dropped} of {point.arrived} ({point.dropped / point.arrived:.2%}) "
        f"| {interval(point)[0]:.2%} to {interval(point)[1]:.2%} | {point.measured_lost} "
        f"({point.measured_ratio:.2%}) | {point.concealed_ratio:.2%} |"
        for point in live.losses
    )
    latencies = "\n".join(
        f"| {point.asked_ms:g} ms | {point.added_ms:.2f} ms | {point.network_ms:.2f} ms |"
        for point in sorted(live.latencies, key=lambda point: (point.asked_ms, point.added_ms))
    )
    again = f" {live.overloaded} calls were made again because the tester was overloaded." * (
        live.overloaded > 0
    )
    return f"""## Calls through a server

{circumstances.sentence}

Whole runs of `eloquence --test latency` through the embedded LiveKit, each in a fresh room, in an order that
is drawn; delay and loss are added on the speaker's uplink by the
[simulated network](adr/0009-simulated-networks.md), and its own counters are the truth.{again}

Delay, {REPETITIONS} calls each. The network share in the result follows what was added with a slope of
{line.slope:.4f} (95 %: {line.slope_low:.4f} to {line.slope_high:.4f}) from {line.intercept_ms:.2f} ms.

| asked | added, mean of the packets | network share in the result |
|---|---|---|
{latencies}

Loss:

| asked | dropped by the relay | 95 % interval of that | RTP loss in the result | concealed |
|---|---|---|---|---|
{losses}

![Delay and loss through the server]({LIVE_PLOT})

{_bounds(live_bounds(live))}
"""


def _bounds(bounds: Sequence[Bound]) -> str:
    rows = "\n".join(
        f"| {bound.required} | {bound.measured} | {'yes' if bound.holds else '**no**'} |" for bound in bounds
    )
    return f"| required | measured | holds |\n|---|---|---|\n{rows}"
