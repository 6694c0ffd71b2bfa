"""The flags of the command line that say a test again."""

from __future__ import annotations

REPEATING_FLAGS = {
    "duration_seconds": "--duration",
    "packets": "--packets",
    "interval_ms": "--interval",
    "speakers": "--speakers",
    "categories": "--category",
    "disturbances": "--disturbance",
    "sides": "--side",
    "repetitions": "--repetitions",
    "network": "--network",
}
"""By the names of the flows' parameters; a list is given as often as it is long."""
