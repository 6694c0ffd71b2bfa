"""Sounds and times of the golden runs, in whole numbers only: the same bytes on every machine.

Floating-point sines and random numbers may differ in the last digit from one processor to the next,
and one sample that is rounded the other way would be another recording.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Int16Array = npt.NDArray[np.int16]
Int64Array = npt.NDArray[np.int64]

_LOW_PASS_SAMPLES = 8
_SYLLABLE_SAMPLES = 12_000
_LOUDEST = 9_000


def whole_numbers(name: str, count: int) -> Int64Array:
    """Return `count` numbers from -32768 to 32767 that depend on nothing but `name`."""
    digest = hashlib.shake_256(name.encode()).digest(2 * count)
    return np.frombuffer(digest, dtype="<i2").astype(np.int64)


def speech_like(name: str, sample_count: int) -> Int16Array:
    """Return low-passed noise in syllables of a quarter of a second, int16 of shape (sample_count,)."""
    noise = whole_numbers(name, sample_count + 2 * _LOW_PASS_SAMPLES)
    for _ in range(2):
        noise = np.convolve(noise, np.ones(_LOW_PASS_SAMPLES, dtype=np.int64), "valid")
    place = np.arange(sample_count, dtype=np.int64) % _SYLLABLE_SAMPLES
    loudness = np.minimum(place, _SYLLABLE_SAMPLES - place) + 200
    sound = noise[:sample_count] * loudness
    return (sound * _LOUDEST // np.abs(sound).max()).astype(np.int16)


def half_a_sample_later(sound: Int16Array) -> Int16Array:
    """Return the mean of each sample and the one before it: the sound, half a sample later."""
    wide = np.concatenate(([0], sound.astype(np.int64)))
    return ((wide[1:] + wide[:-1]) // 2).astype(np.int16)


def stamps_ns(name: str, first_ns: int, frame_count: int, noise_ns: int) -> Int64Array:
    """Return times of frames of 10 ms, each up to `noise_ns` late; int64 of shape (frame_count,)."""
    late_ns = (whole_numbers(name, frame_count) + 32_768) * noise_ns // 65_536
    return first_ns + np.arange(frame_count, dtype=np.int64) * 10_000_000 + late_ns
