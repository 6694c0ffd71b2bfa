"""What came out of trying a store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreCheck:
    """A store that can be written and read.

    Attributes
    ----------
    kept_key
        Key of the small object that could not be removed, where the store forbids that; else empty.
    writes_once
        Whether it refuses by itself to overwrite an object (``If-None-Match: *``).
    """

    kept_key: str = ""
    writes_once: bool = True


PROBE_KEY = ".eloquence-check"
PROBE_BYTES = 64
