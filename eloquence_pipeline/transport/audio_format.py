"""The one audio format of both ends: mono, 48 kHz, frames of 10 ms (what WebRTC works in)."""

from __future__ import annotations

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND

SAMPLE_RATE_HZ = 48_000
FRAME_SAMPLES = 480
FRAME_NS = FRAME_SAMPLES * NANOSECONDS_PER_SECOND // SAMPLE_RATE_HZ
