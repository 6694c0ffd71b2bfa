"""A run in a process of its own, to be killed by the tests.

Usage: python owner.py FOLDER SERVER...; says ``ready`` and the endpoints, waits for the end of its input.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from eloquence_pipeline.servers import LiveKitEndpoint, embedded_servers
from eloquence_pipeline.settings import Settings, load_settings


def settings_in(folder: Path) -> Settings:
    """Settings with folders of the test's own, but the user's cache of binaries."""
    users = load_settings()
    folders = users.folders.model_copy(update={name: folder / name for name in ("results", "data", "state")})
    return users.model_copy(update={"folders": folders})


@contextmanager
def embedded_livekit(folder: Path) -> Generator[LiveKitEndpoint]:
    """Run a LiveKit of the test's own."""
    with embedded_servers(settings_in(folder), livekit=True, s3=False, prefect=False) as endpoints:
        assert endpoints.livekit is not None
        yield endpoints.livekit


class TerminatedError(Exception):
    """What the command makes of SIGTERM."""


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise TerminatedError


def main() -> int:
    signal.signal(signal.SIGTERM, _terminate)
    livekit, s3, prefect = (name in sys.argv[2:] for name in ("livekit", "s3", "prefect"))
    settings = settings_in(Path(sys.argv[1]))
    try:
        with embedded_servers(settings, livekit=livekit, s3=s3, prefect=prefect) as endpoints:
            print(json.dumps({"ready": endpoints.model_dump(mode="json")}), flush=True)
            sys.stdin.read()
    except TerminatedError:
        return 15
    except KeyboardInterrupt:
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
