"""Speaking and listening through LiveKit: only records, never judges."""

from __future__ import annotations

import atexit
import sys
import time

_IN_FLIGHT_SECONDS = 0.2


def _let_callbacks_end() -> None:
    """Wait for what the SDK's threads are just telling Python, after the SDK has been disposed of.

    A thread of native code that asks for the interpreter when it is being torn down is ended by unwinding its
    stack, and Rust aborts the process then: a run that was good ended with SIGABRT.
    """
    client = getattr(sys.modules.get("livekit.rtc._ffi_client"), "FfiClient", None)
    if getattr(client, "_instance", None) is not None:
        time.sleep(_IN_FLIGHT_SECONDS)


# Before the SDK registers its own: the last that was registered is called first.
atexit.register(_let_callbacks_end)
