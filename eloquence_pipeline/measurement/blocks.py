"""Signals that are computed where they are looked at: hours of a call are never in memory in one piece."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly, sosfilt

from eloquence_pipeline.signal.wav import release

Float32Array = npt.NDArray[np.float32]
Int16Array = npt.NDArray[np.int16]

BLOCK_SAMPLES = 1 << 18
"""Of a signal at 8 kHz half a minute, 1 MB."""
_KEPT_BLOCKS = 16

_MARGIN_STEPS = 20
"""The filter of `resample_poly` reaches 10 samples of the lower rate to either side."""


class Signal(Protocol):
    """Samples of which stretches can be taken; an array is one."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitem__(self, stretch: slice, /) -> Float32Array:
        """Return a stretch."""
        ...


class BlockwiseSignal:
    """A signal that is made a block at a time; the blocks used last stay in memory.

    Parameters
    ----------
    length
        Number of samples.
    make
        Returns the samples from a first to before a last, float32 of shape (last - first,); it is asked for
        whole blocks.
    """

    def __init__(self, length: int, make: Callable[[int, int], Float32Array]) -> None:
        self._length = length
        self._make = make
        self._blocks: OrderedDict[int, Float32Array] = OrderedDict()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, stretch: slice) -> Float32Array:
        """Return a stretch between places of the signal, float32 of shape (stop - start,)."""
        first, last, _ = stretch.indices(self._length)
        if first >= last:
            return np.zeros(0, dtype=np.float32)
        edges = [first, *range((first // BLOCK_SAMPLES + 1) * BLOCK_SAMPLES, last, BLOCK_SAMPLES), last]
        parts = [self._within(begin, end) for begin, end in pairwise(edges)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _within(self, first: int, last: int) -> Float32Array:
        number = first // BLOCK_SAMPLES
        begin = number * BLOCK_SAMPLES
        if number not in self._blocks:
            self._blocks[number] = self._make(begin, min(begin + BLOCK_SAMPLES, self._length))
            if len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number][first - begin : last - begin]


def decimated(samples: Int16Array, step: int) -> BlockwiseSignal:
    """Return every `step`-th sample of a signal, after a low-pass filter.

    Each value is the one that `scipy.signal.resample_poly` gives for the whole signal, to the last bit: a
    filter of finite length sees no further than the margin that each block is given.

    Parameters
    ----------
    samples
        int16 of shape (n,); may be mapped from a file.
    step
        Samples to one of the result.
    """

    def make(first: int, last: int) -> Float32Array:
        begin = max(0, (first - _MARGIN_STEPS) * step)
        piece = samples[begin : (last + _MARGIN_STEPS) * step].astype(np.float32)
        release(samples)
        whole = cast(Any, resample_poly)(piece, 1, step)
        offset = first - begin // step
        return np.array(whole[offset : offset + last - first], dtype=np.float32)

    return BlockwiseSignal(-(-len(samples) // step), make)


def filtered(signal: Signal, sections: Float32Array) -> BlockwiseSignal:
    """Return a signal after a recursive filter, whose state is kept from block to block.

    Parameters
    ----------
    signal
        What goes in.
    sections
        Of the filter, float32 of shape (sections, 6).
    """
    states = [np.zeros((len(sections), 2), dtype=np.float32)]

    def run(number: int) -> Float32Array:
        begin = number * BLOCK_SAMPLES
        end = min(begin + BLOCK_SAMPLES, len(signal))
        block, state = cast(Any, sosfilt)(sections, signal[begin:end], zi=states[number])
        if len(states) == number + 1:
            states.append(state)
        return block

    def make(first: int, _: int) -> Float32Array:
        number = first // BLOCK_SAMPLES
        for before in range(len(states) - 1, number):
            run(before)
        return run(number)

    return BlockwiseSignal(len(signal), make)
