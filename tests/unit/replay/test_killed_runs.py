"""A run whose process was killed is read as far as its files had grown, wherever they were cut off."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.models import BegunEnd, EndRecord, Recording, Transmission
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.signal.growing_wav import HEADER_BYTES, GrowingWav
from eloquence_pipeline.signal.timing_log import TimingLog, encode_rows
from tests.golden.runs import CLEAN, FRAME, RATE

pytestmark = pytest.mark.unit


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return CLEAN.write(tmp_path / "finished", seal=False)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as it lies on disk just before it is over; each test has a copy."""
    folder = CLEAN.write(tmp_path_factory.mktemp("pattern"), seal=False)
    transmission = Transmission.model_validate_json((folder / "transmission.json").read_bytes())
    (folder / "transmission.json").unlink()
    (channel,) = transmission.channels
    assert channel.received is not None
    grow(folder, channel.sent, "publisher")
    grow(folder, channel.received, "subscriber")
    return folder


@pytest.fixture
def killed(pattern: Path, tmp_path: Path) -> Path:
    """The same run as `finished`, as it lies on disk just before it is over."""
    return Path(shutil.copytree(pattern, tmp_path / "killed" / "clean" / pattern.name))


def grow(folder: Path, end: EndRecord, name: str) -> None:
    samples = (folder / end.audio.name).read_bytes()[HEADER_BYTES:]
    wav = GrowingWav(folder / end.audio.name, RATE)
    wav.append(samples)
    wav.close()
    arrays = np.load(folder / end.timings.name)
    log = TimingLog(folder / f"{name}.timings", arrays.files)
    for place in range(max(len(arrays[each]) for each in arrays.files)):
        there = [n for n, each in enumerate(arrays.files) if place < len(arrays[each])]
        log.append(encode_rows([(n, int(arrays[arrays.files[n]][place])) for n in there]))
    log.close()
    (folder / end.timings.name).unlink()
    events = "".join(f"{event.model_dump_json()}\n" for event in end.events)
    (folder / f"{name}_events.jsonl").write_text(events)
    known = end.model_dump(include={"identity", "clock_id", "started", "sample_rate_hz", "frame_samples"})
    begun = BegunEnd(
        **known,
        connect_ms=end.connect_ms,
        audio=end.audio.name,
        timings=f"{name}.timings",
        statistics=end.statistics.name,
        events=f"{name}_events.jsonl",
        ssrcs=end.ssrcs if isinstance(end, Recording) else (),
    )
    (folder / f"{name}.begun.json").write_text(begun.model_dump_json())


def cut(path: Path, byte_count: int) -> None:
    path.write_bytes(path.read_bytes()[:-byte_count])


def test_its_figures_are_those_of_the_run_that_came_to_its_end(killed: Path, finished: Path) -> None:
    now, then = StoredRun(killed), StoredRun(finished)
    assert (now.content.is_unfinished, then.content.is_unfinished) == (True, False)
    result, expected = now.analyse(), then.analyse()
    assert result.verdict.reasons == ("the transmission broke off: interrupted",)
    for figures in ("phrases", "delay", "loss", "rtp", "tester", "events", "stability"):
        assert getattr(result, figures) == getattr(expected, figures), figures


@pytest.mark.parametrize("missing_bytes", [1, 15, 16, 17, 4001])
def test_files_that_end_anywhere_count_as_far_as_they_agree(killed: Path, missing_bytes: int) -> None:
    for name in ("publisher.timings", "subscriber.timings", "subscriber_statistics.jsonl"):
        cut(killed / name, missing_bytes)
    with (killed / "received.wav").open("ab") as file:
        file.write(b"\1\2\3")
    run = StoredRun(killed)
    (channel,) = run.transmission.channels
    assert channel.received is not None
    arrays = run.recorded()
    for end, read in ((channel.sent, arrays.sent), (channel.received, arrays.received)):
        assert end.failure == "interrupted"
        assert len(read.samples) == end.frame_count * FRAME == read.timeline.sample_count
    assert run.analyse().packets_received >= 1


def test_a_phrase_that_was_being_said_is_not_counted(killed: Path) -> None:
    # The last of three phrases is said from 4 to 4.75 s.
    wav = killed / "sent.wav"
    samples = wav.read_bytes()[HEADER_BYTES:]
    grown = GrowingWav(wav, RATE)
    grown.append(samples[: 2 * round(4.4 * RATE)])
    grown.close()
    result = StoredRun(killed).analyse()
    assert (result.packets_sent, result.packets_received) == (2, 2)
    assert result.duration_seconds == pytest.approx(4.4)


def test_a_run_that_was_killed_before_the_first_frame_has_nothing_to_analyse(killed: Path) -> None:
    GrowingWav(killed / "sent.wav", RATE).close()
    with pytest.raises(StorageError, match="nothing was transmitted"):
        StoredRun(killed)


def test_names_that_lead_out_of_the_run_are_refused(killed: Path) -> None:
    path = killed / "publisher.begun.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"audio": "../../../etc/passwd"}))
    with pytest.raises(StorageError, match=r"publisher\.begun\.json"):
        StoredRun(killed)


@pytest.mark.parametrize("content", ["{}", "[1]", "null-ish", '{"identity": 3}'])
def test_a_damaged_beginning_is_named(killed: Path, content: str) -> None:
    (killed / "subscriber.begun.json").write_text(content)
    with pytest.raises(StorageError, match=r"subscriber\.begun\.json"):
        StoredRun(killed)
