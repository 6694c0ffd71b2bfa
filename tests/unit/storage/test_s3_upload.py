"""What whoever waits for an upload gets to see of it."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

import pytest

from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.storage.s3_upload import Target, digests_of, put_unless_there

pytestmark = pytest.mark.unit

BLOCK_BYTES = 1 << 14


class Client:
    """Sends a body as often as it is told, each time after it has been read to sign it."""

    def __init__(self, times: int) -> None:
        self.times = times

    def put_object(self, *, Body: IO[bytes], **_: object) -> None:  # noqa: N803
        for _time in range(self.times):
            for size in (1 << 20, BLOCK_BYTES):
                Body.seek(0)
                while Body.read(size):
                    pass


@pytest.mark.parametrize("times", [1, 3])
def test_what_is_sent_is_told_once_and_signing_or_sending_again_is_not(times: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(10 * BLOCK_BYTES))
    sha256 = sha256_of_file(path)
    target = Target("bucket", "key", "audio/wav", sha256)
    told: list[None] = []
    client = cast(Any, Client(times))
    put_unless_there(client, target, path, digests_of(path, sha256), lambda: told.append(None))
    assert len(told) == 10 + 1  # and that it has arrived
