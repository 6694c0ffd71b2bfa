"""What happens to sound on its way: noise, missing frames, a codec. None of it moves the sound in time."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import fft

from calibration.clips import RATE_HZ, SpokenClip
from calibration.truth import KnownCall

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PACKET_SAMPLES = RATE_HZ // 50
VOICES_OF_BABBLE = 8

_LOWEST_PINK_HZ = 20.0
_FADE_PER_PACKET = 0.5
_CHORDS_HZ = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))
_CHORD_SECONDS = 0.6
_HARMONICS = 8
_FULL_SCALE = 32_768.0
_CODEC_PIECE_SAMPLES = RATE_HZ
_HIGHEST_BIT_RATE, _LOWEST_BIT_RATE = 256_000, 6_000


def white(count: int, generator: np.random.Generator) -> FloatArray:
    """Return noise of equal power at each frequency; float64 of shape (count,)."""
    return generator.standard_normal(count)


def pink(count: int, generator: np.random.Generator) -> FloatArray:
    """Return noise of equal power in each octave from 20 Hz on; float64 of shape (count,)."""
    size = fft.next_fast_len(count, real=True)
    frequencies = np.fft.rfftfreq(size, 1 / RATE_HZ)
    spectrum = np.asarray(fft.rfft(generator.standard_normal(size)))
    shape = np.where(
        frequencies >= _LOWEST_PINK_HZ, 1 / np.sqrt(np.maximum(frequencies, _LOWEST_PINK_HZ)), 0.0
    )
    return np.asarray(fft.irfft(spectrum * shape, size))[:count]


def babble(count: int, generator: np.random.Generator, clips: Sequence[SpokenClip]) -> FloatArray:
    """Return eight voices that speak all at once, each the same phrases in an order of its own."""
    together = np.zeros(count)
    for _ in range(VOICES_OF_BABBLE):
        order: list[int] = generator.permutation(len(clips)).tolist()
        voice: FloatArray = np.concatenate([clips[place].samples for place in order])
        together += np.roll(np.resize(voice, count), int(generator.integers(len(voice))))
    return together


def music(count: int, generator: np.random.Generator) -> FloatArray:
    """Return chords with harmonics, a new one every 0.6 s; float64 of shape (count,)."""
    seconds = np.arange(count) / RATE_HZ
    bar = np.floor(seconds / _CHORD_SECONDS).astype(np.int64)
    chosen = generator.integers(len(_CHORDS_HZ), size=int(bar[-1]) + 1)[bar]
    pitches = np.asarray(_CHORDS_HZ)[chosen]
    sound = np.zeros(count)
    for note in range(pitches.shape[1]):
        phase = np.cumsum(pitches[:, note]) * (2 * np.pi / RATE_HZ)
        for harmonic in range(1, _HARMONICS + 1):
            sound += np.sin(harmonic * phase + generator.uniform(0, 2 * np.pi)) / harmonic
    return sound * np.exp(-3 * (seconds % _CHORD_SECONDS))


def at_ratio(call: KnownCall, noise: FloatArray, ratio_db: float) -> FloatArray:
    """Return noise, scaled so that each phrase has the same signal-to-noise ratio.

    Of each phrase, the mean power over all of it, pauses included, is compared with the mean power of the
    noise from the middle of the pause before to the middle of the pause after.
    """
    scaled = np.zeros(len(noise))
    for (first, last), clip in zip(_around(call), call.clips, strict=True):
        power = float(np.mean(noise[first:last] ** 2))
        scaled[first:last] = noise[first:last] * (clip.level / np.sqrt(power) * 10 ** (-ratio_db / 20))
    return scaled


def _around(call: KnownCall) -> list[tuple[int, int]]:
    # Where each phrase is received, with half of each pause beside it; together these are the recording.
    starts = [start + round(delay or 0) for (start, _), delay in zip(call.places, call.delays, strict=True)]
    ends = [start + count for start, (_, count) in zip(starts, call.places, strict=True)]
    middles = [(end + start) // 2 for end, start in zip(ends, starts[1:], strict=False)]
    return list(zip([0, *middles], [*middles, len(call.received)], strict=True))


def missing(count: int, ratio: float, generator: np.random.Generator) -> BoolArray:
    """Draw which packets of 20 ms are missing, each by its own chance; bool of shape (count samples,).

    The grid of packets begins anywhere within the first.
    """
    packets = generator.random(count // PACKET_SAMPLES + 2) < ratio
    offset = int(generator.integers(PACKET_SAMPLES))
    return packets.repeat(PACKET_SAMPLES)[offset : offset + count]


def silenced(sound: FloatArray, lost: BoolArray) -> FloatArray:
    """Return the sound with silence where something is lost."""
    return sound * ~lost


def concealed(sound: FloatArray, lost: BoolArray) -> FloatArray:
    """Return the sound with what came before in place of what is lost, each packet at half the level."""
    result = sound.copy()
    edges = np.flatnonzero(np.diff(lost.astype(np.int8), prepend=0))
    for start in edges[lost[edges]].tolist():
        place, loudness = start, _FADE_PER_PACKET
        while place < len(sound) and lost[place]:
            count = min(PACKET_SAMPLES, len(sound) - place)
            before = result[max(0, start - PACKET_SAMPLES) : start]
            if len(before) < count:
                before = np.pad(before, (count - len(before), 0))
            piece = before[:count] * loudness
            result[place : place + count] = np.where(
                lost[place : place + count], piece, sound[place : place + count]
            )
            place += count
            loudness *= _FADE_PER_PACKET
    return result


def opus(sound: FloatArray, bits_per_second: int) -> tuple[FloatArray, float]:
    """Send a sound through Opus, as libsndfile does it.

    Returns
    -------
    decoded
        float64 of shape (n,), as long as the sound.
    bits_per_second
        What the file really took.
    """
    # libsndfile maps 0 to 1 linearly onto the bit rates of Opus, the highest first.
    level = (_HIGHEST_BIT_RATE - bits_per_second) / (_HIGHEST_BIT_RATE - _LOWEST_BIT_RATE)
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", RATE_HZ, 1, subtype="OPUS", format="OGG", compression_level=level
    ) as file:
        for place in range(0, len(sound), _CODEC_PIECE_SAMPLES):
            file.write(sound[place : place + _CODEC_PIECE_SAMPLES] / _FULL_SCALE)
    size = buffer.tell()
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float64")
    result = np.zeros(len(sound))
    kept = min(len(sound), len(decoded))
    result[:kept] = decoded[:kept] * _FULL_SCALE
    return result, size * 8 * RATE_HZ / len(sound)
