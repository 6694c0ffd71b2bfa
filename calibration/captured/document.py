"""``docs/accuracy-captured.md``: every figure of it was measured by the run that wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calibration.bounds import Bound
from calibration.captured.calls import CALL_SECONDS
from calibration.captured.comparison import (
    MOST_MEAN_DIFFERENCE_MS,
    CallTruth,
    StreamTruth,
    asked_bounds_of,
    bounds_of,
    name_of,
)
from calibration.captured.conditions import SEED
from calibration.captured.matching import DelayFigures
from calibration.captured.newest import NewestFigures
from calibration.document import Circumstances
from eloquence_pipeline.models import DirectionConditions


def text(calls: Sequence[CallTruth], circumstances: Circumstances) -> str:
    """Return the whole document."""
    streams = [(call, stream) for call in calls for stream in call.streams]
    delays = [(call, call.newest) for call in calls if call.newest is not None]
    lost = sum(call.lost_by_capture for call in calls)
    return f"""# The simulated network against captured packets

Written by `python -m calibration.captured` (four minutes on a quiet Linux machine; it needs the right to
capture packets, CAP_NET_RAW, which nothing else here needs). No figure was typed by hand.

{circumstances.sentence}

A call of {CALL_SECONDS} s for each network, through the embedded LiveKit; speaker and listener both go
through the [relay](adr/0009-simulated-networks.md), with the seed {SEED}. A raw socket sees every packet on
loopback with the kernel's time: {sum(call.packets for call in calls)} UDP packets, of which it missed {lost}.
Headers of RTP are in the clear; what came to the relay and what left it is matched by stream and number.

## Counts

Captured, and in brackets what the relay says of the same packets.

| network | stream | arrived | dropped | sent | doubled | overtaken |
|---|---|---|---|---|---|---|
{_lines(_counts(call, stream) for call, stream in streams)}

Dropped packets in a row, longest time without a packet, and the busiest second, by the capture:

| network | stream | losses in a row | longest gap | busiest second |
|---|---|---|---|---|
{_lines(_course(call, stream) for call, stream in streams)}

## Delay added

From the moment at which the kernel took a packet that was sent to the relay to the one at which it took
what the relay sent, in ms. The relay reads its clock when it has been woken and has read the packet, and
again before it sends: its own figure leaves out that wait and the sending.

| network | stream | asked | mean | p50 | p99 | least | most | the relay's mean | more by |
|---|---|---|---|---|---|---|---|---|---|
{_lines(_delays(call, stream) for call, stream in streams)}

## What the result says

Packets received and lost at the listener, in the result and by the capture up to the newest packet of the
last statistics. By the capture a packet that came twice is received once, since SRTP discards copies before
anything counts them; lost is what RFC 3550 (A.3) counts. Gaps of more than 50 packets (a second) are taken by
the SDK for a new beginning of the stream, and are no loss in its statistics: in a blackout the relay's
counters tell, the listener's do not.

| network | captured: received | lost | of these in gaps of a second and more | result: received | lost |
|---|---|---|---|---|---|
{_lines(_listener(call) for call in calls)}

The network delay in the result is that of the packet that was the newest at each sample of the statistics.
The truth is the delay of every packet, from the hand-over of its last frame to the kernel's time on the way
to the listener. A result has no network delay where the counts do not tell which packet it was. Where packets
were lost or overtaken before the first one that was counted, every packet is taken for an earlier one: such
multiples of 20 ms, which a result finds by the sound (ADR 7), are taken out here. In ms:

| network | packets | true mean | median | samples | their mean | median (result) | low by | packets shifted |
|---|---|---|---|---|---|---|---|---|
{_lines(_newest(call.name, newest) for call, newest in delays)}

Why it is low: an early packet stays the newest for longer. The mean and the median over all moments against
those over all packets, by the capture, and what the differences d between neighbours predict for the mean:
mean(d²) / 2T, with T from packet to packet. Chance is the standard deviation of the mean of so few samples.
Last how far a single packet's delay in the result is from the captured one of the same packet. In ms:

| network | mean low by | median low by | predicted | chance | packet off, median | packet off, largest |
|---|---|---|---|---|---|---|
{_lines(_why(call.name, newest) for call, newest in delays)}

What public statistics alone would make of it, J² being the mean square `jitter` of RTCInboundRtpStreamStats:
π J² / 4T added to the mean of the samples, how far from the true mean that leads over all moments, and in
this call with its chance; and counting what is in flight (Little's law: the age of the newest packet is added
to its delay, half of T taken off). In ms:

| network | J | π J² / 4T | off over all moments | off in this call | in flight: off in this call |
|---|---|---|---|---|---|
{_lines(_corrected(call.name, newest) for call, newest in delays)}

## What was asked

The counts and delays that were asked for, by the capture alone.

| required | measured | holds |
|---|---|---|
{_lines(_required(bound) for call in calls for bound in asked_bounds_of(call))}

## What is required in all

{_held([bound for call in calls for bound in bounds_of(call)])}
"""


def _held(bounds: Sequence[Bound]) -> str:
    missed = [bound for bound in bounds if not bound.holds]
    told = (
        "Nothing lost by the capture, counts of relay and capture the same to the packet, mean delays\n"
        f"the same to within {MOST_MEAN_DIFFERENCE_MS:g} ms, what was asked, and the result as above: "
        f"{len(bounds) - len(missed)} of {len(bounds)} requirements hold."
    )
    if not missed:
        return told
    return f"{told}\n\n| required | measured | holds |\n|---|---|---|\n{_lines(map(_required, missed))}"


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows)


def _listener(call: CallTruth) -> str:
    expected, counted = call.expected, call.counted
    captured = f"{expected.received} | {expected.missing} | {expected.unnoticed}" if expected else "– | – | –"
    return f"| {call.name} | {captured} | " + (f"{counted[0]} | {counted[1]} |" if counted else "– | – |")


def _counts(call: CallTruth, stream: StreamTruth) -> str:
    seen, told = stream.captured, stream.relay
    pairs = [
        (seen.arrived, told.arrived if told else None),
        (seen.dropped, told.dropped if told else None),
        (seen.sent, (told.added_delay.count if told.added_delay else 0) if told else None),
        (seen.doubled, told.duplicated if told else None),
        (seen.overtaken, told.reordered if told else None),
    ]
    cells = " | ".join(f"{mine} ({theirs})" for mine, theirs in pairs)
    return f"| {_network(call)} | {name_of(stream)} | {cells} |"


def _course(call: CallTruth, stream: StreamTruth) -> str:
    seen = stream.captured
    return (
        f"| {_network(call)} | {name_of(stream)} | {seen.losses_in_a_row:.2f} | {seen.longest_gap_ms:.0f} ms "
        f"| {seen.kbps:.1f} kbit/s |"
    )


def _delays(call: CallTruth, stream: StreamTruth) -> str:
    seen, told = stream.captured.delay, stream.relay
    start = f"| {_network(call)} | {name_of(stream)} | {_asked_delay(stream.asked)}"
    if seen is None or told is None or told.added_delay is None:
        return f"{start} |" + " – |" * 7
    mean_ms = told.added_delay.mean_ms
    return f"{start} | {_five(seen)} | {mean_ms:.2f} ms | {seen.mean_ms - mean_ms:+.3f} ms |"


def _five(delay: DelayFigures) -> str:
    values = (delay.mean_ms, delay.median_ms, delay.p99_ms, delay.min_ms, delay.max_ms)
    return " | ".join(f"{value:.2f}" for value in values)


def _asked_delay(asked: DirectionConditions) -> str:
    return f"{asked.latency_ms:g} ± {asked.jitter_ms:g} ms" if asked.jitter_ms else f"{asked.latency_ms:g} ms"


def _newest(name: str, newest: NewestFigures) -> str:
    return (
        f"| {name} | {newest.packets} | {newest.mean_ms:.2f} | {newest.median_ms:.2f} "
        f"| {newest.samples} | {newest.measured_mean_ms:.2f} | {newest.measured_median_ms:.2f} "
        f"| {newest.median_ms - newest.measured_median_ms:+.2f} | {newest.shifted_packets} |"
    )


def _why(name: str, newest: NewestFigures) -> str:
    return _row(
        name,
        newest.mean_ms - newest.expected_mean_ms,
        newest.median_ms - newest.expected_median_ms,
        newest.predicted_ms,
        newest.chance_ms,
        newest.median_error_ms,
        newest.largest_error_ms,
    )


def _corrected(name: str, newest: NewestFigures) -> str:
    return _row(
        name,
        newest.jitter_ms,
        newest.correction_ms,
        newest.expected_mean_ms + newest.correction_ms - newest.mean_ms,
        newest.measured_mean_ms + newest.correction_ms - newest.mean_ms,
        newest.in_flight_mean_ms - newest.mean_ms,
    )


def _row(name: str, *values: float) -> str:
    return f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |"


def _network(call: CallTruth) -> str:
    return f"`{call.network}`" if call.network else call.name


def _required(bound: Bound) -> str:
    return f"| {bound.required} | {bound.measured} | {'yes' if bound.holds else '**no**'} |"
