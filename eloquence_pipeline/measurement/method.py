"""The version of the measuring method, and what belongs to it."""

from __future__ import annotations

METHOD_VERSION = 1
"""Raised with every change that can change a figure of an old recording."""

MAX_ONE_WAY_DELAY_SECONDS = 3.0
"""A phrase is looked for up to this much after it was sent; what comes later is lost to the ear."""

MIN_CORRELATION_PEAK = 0.5
MIN_PEAK_TO_SIDELOBE_RATIO = 1.15
"""The confidence gate; see docs/adr/0001-measuring-method.md for the distributions it lies between."""
