"""Times that are written while they come are there up to the last whole row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eloquence_pipeline.signal.timing_log import TimingLog, encode_rows, read_timing_log

pytestmark = pytest.mark.unit

NAMES = ("arrived_ns", "loop_lag_ns")
rows_of_two = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1 << 62)), min_size=1, max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_two, missing_bytes=st.integers(0, 15))
def test_every_whole_row_is_read_back_in_its_order(
    tmp_path: Path, rows: list[tuple[int, int]], missing_bytes: int
) -> None:
    path = tmp_path / "log.timings"
    log = TimingLog(path, NAMES)
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):
        if part:
            log.append(encode_rows(part))
    log.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - missing_bytes])
    whole = rows[:-1] if missing_bytes else rows
    read = read_timing_log(path)
    assert list(read) == list(NAMES)
    for number, name in enumerate(NAMES):
        assert read[name].tolist() == [value for place, value in whole if place == number]
        assert read[name].dtype == np.int64


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[1]\n", b"\xff\xfe\n", b"PK\x03\x04", b"[" * 5000])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.timings").write_bytes(content)
    with pytest.raises((ValueError, RecursionError)):
        read_timing_log(tmp_path / "log.timings")
