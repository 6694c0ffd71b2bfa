"""What two wall clocks differ by, bounded by messages that one machine wrote and the other read later.

A message is never read before it is written. Read by one clock and written by the other, that bounds the
difference from one side; a message in the other direction bounds it from the other (the reasoning of
Cristian's algorithm and of NTP, without the assumption that both ways take equally long).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from eloquence_pipeline.clock import KernelClock


class OffsetBounds(NamedTuple):
    """Bounds of what a load cell's clock is ahead of the coordinator's, in milliseconds.

    Attributes
    ----------
    low, high
        Infinite where nothing is known.
    """

    low: float = -math.inf
    high: float = math.inf

    def heard_by_coordinator(self, after_ms: float) -> OffsetBounds:
        """Return what is known after a note of the load cell was read by the coordinator.

        Parameters
        ----------
        after_ms
            Coordinator's clock when it was read, less the load cell's clock before it was written.
        """
        return OffsetBounds(max(self.low, -after_ms), self.high)

    def heard_by_cell(self, after_ms: float) -> OffsetBounds:
        """Return what is known after a note of the coordinator was read by the load cell.

        Parameters
        ----------
        after_ms
            Load cell's clock when it was read, less the coordinator's clock before it was written.
        """
        return OffsetBounds(self.low, min(self.high, after_ms))

    @property
    def correction_ms(self) -> float:
        """What the clock is known to be ahead by: nothing, as long as nothing speaks against that."""
        return min(max(0.0, self.low), self.high)

    @property
    def error_ms(self) -> float | None:
        """Bound of what remains after the correction; None where one side is not known."""
        left = max(self.high - self.correction_ms, self.correction_ms - self.low)
        return left if math.isfinite(left) else None


def clock_error_ms(
    bounds: OffsetBounds, kernel: KernelClock, coordinators: KernelClock, *, is_the_same: bool
) -> float | None:
    """Return by what a load cell's corrected clock and the coordinator's differ at most; None if unknown.

    Parameters
    ----------
    bounds
        From the notes that both read.
    kernel, coordinators
        What the kernels say of the two clocks.
    is_the_same
        Whether both stamp with one clock.
    """
    if is_the_same:
        return 0.0
    known = [bounds.error_ms]
    if kernel.max_error_ms is not None and coordinators.max_error_ms is not None and not bounds.correction_ms:
        known.append(kernel.max_error_ms + coordinators.max_error_ms)
    return min((error for error in known if error is not None), default=None)
