"""A playlist gives out frame by frame what would otherwise lie in memory in one piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES
from eloquence_pipeline.transport.playlist import Playlist

pytestmark = pytest.mark.unit

Int16Array = npt.NDArray[np.int16]


def sound(seed: int, count: int) -> Int16Array:
    return np.random.default_rng(seed).integers(-32768, 32768, count, dtype=np.int16)


def frames_of(playlist: Playlist) -> list[Int16Array]:
    frames: list[Int16Array] = []
    while (frame := playlist.frame(len(frames))) is not None:
        assert frame.shape == (FRAME_SAMPLES,)
        frames.append(frame.copy())
    return frames


def in_one_piece(sounds: list[tuple[int, Int16Array]], sample_count: int) -> Int16Array:
    rendered = np.zeros(-(-sample_count // FRAME_SAMPLES) * FRAME_SAMPLES, dtype=np.int16)
    for first, samples in sounds:
        rendered[first : first + len(samples)] = samples
    return rendered


@given(st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 1500)), max_size=6), st.integers(1, 1500))
def test_scheduled_sounds_are_where_they_belong_with_silence_between(
    places: list[tuple[int, int]], after: int
) -> None:
    sounds: list[tuple[int, Int16Array]] = []
    end = 0
    for seed, (pause, count) in enumerate(places):
        sounds.append((end + pause, sound(seed, count)))
        end += pause + count
    frames = frames_of(Playlist.scheduled(sounds, end + after))
    assert np.array_equal(np.concatenate(frames), in_one_piece(sounds, end + after))


@given(st.integers(1, 3000))
def test_a_single_sound_is_given_out_whole_and_then_it_is_over(count: int) -> None:
    samples = sound(1, count)
    assert np.array_equal(
        np.concatenate(frames_of(Playlist.of(samples))), in_one_piece([(0, samples)], count)
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 1500)), min_size=1, max_size=5))
def test_what_is_appended_while_it_plays_is_said_where_it_says(steps: list[tuple[int, int]]) -> None:
    playlist, played, sounds = Playlist(), list[Int16Array](), list[tuple[int, Int16Array]]()
    for seed, (frame_count, count) in enumerate(steps):
        for _ in range(frame_count):
            frame = playlist.frame(len(played))
            assert frame is not None
            played.append(frame.copy())
        samples = sound(seed, count)
        first = playlist.append(samples)
        assert first % FRAME_SAMPLES == 0
        assert first >= len(played) * FRAME_SAMPLES
        assert not sounds or first >= sounds[-1][0] + len(sounds[-1][1])
        sounds.append((first, samples))
    playlist.end()
    while (frame := playlist.frame(len(played))) is not None:
        played.append(frame.copy())
    first, samples = sounds[-1]
    assert np.array_equal(np.concatenate(played), in_one_piece(sounds, first + len(samples)))
