"""How far the delay of the newest packets is from that of all, under jitter: the table behind ADR 7.

``python -m benchmarks.newest_packets`` simulates streams of packets every 20 ms, asks at random moments for
the newest one as the statistics do, and prints the difference in units of the RFC 3550 jitter (mean abs(D)).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PACKETS, QUESTIONS, SPACING_MS = 200_000, 20_000, 20.0
SPREADS_MS = (5, 10, 20, 40, 60)


def bias(delay_ms: FloatArray, generator: np.random.Generator) -> tuple[float, float]:
    """Return the RFC 3550 jitter, and median newest less median of all; milliseconds."""
    sent_ms = np.arange(len(delay_ms)) * SPACING_MS
    order = np.argsort(sent_ms + delay_ms, kind="stable")
    arrived_ms = (sent_ms + delay_ms)[order]
    newest = np.maximum.accumulate(order)
    asked_ms = generator.uniform(sent_ms[100], sent_ms[-200], QUESTIONS)
    last = np.searchsorted(arrived_ms, asked_ms, side="right") - 1
    measured_ms = arrived_ms[last] - sent_ms[newest[last]]
    jitter_ms = float(np.abs(np.diff(delay_ms[order])).mean())
    return jitter_ms, float(np.median(measured_ms) - np.median(delay_ms))


def queued(delay_ms: FloatArray) -> FloatArray:
    """Return the delays of packets that wait for those before them."""
    sent_ms = np.arange(len(delay_ms), dtype=np.float64) * SPACING_MS
    return np.maximum.accumulate(sent_ms + delay_ms) - sent_ms


def main() -> None:
    """Print the table."""
    generator = np.random.default_rng(0)
    shapes: dict[str, Callable[[float], FloatArray]] = {
        "uniform": lambda spread: generator.uniform(-spread, spread, PACKETS),
        "normal": lambda spread: generator.normal(0, spread / np.sqrt(3), PACKETS),
        "exponential": lambda spread: generator.exponential(spread, PACKETS),
    }
    print(f"{'delays':24} {'spread':>8} {'jitter':>10} {'bias':>10} {'bias/jitter':>12}")
    for name, draw in shapes.items():
        for spread_ms in SPREADS_MS:
            delay_ms = 300.0 + draw(spread_ms)
            for kind, delays in ((name, delay_ms), (f"{name}, queued", queued(delay_ms))):
                jitter_ms, bias_ms = bias(delays, generator)
                share = bias_ms / jitter_ms
                print(f"{kind:24} {spread_ms:5d} ms {jitter_ms:7.1f} ms {bias_ms:7.1f} ms {share:12.2f}")


if __name__ == "__main__":
    main()
