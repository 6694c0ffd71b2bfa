"""What is kept of a run, and what can be done with it afterwards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eloquence_pipeline.errors import MeasurementError, StorageError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.measurement.worst import worst_phrases
from eloquence_pipeline.models import PhraseObservation, ScenarioResult
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.signal.flac import pack, unpack
from eloquence_pipeline.signal.wav import read_wav, write_wav
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.keeping import cut_phrases, leave_out, pack_sound
from eloquence_pipeline.storage.stored_run import read_transmission
from tests.golden.cases import EXPECTED
from tests.golden.runs import CLEAN, SEVERAL, GoldenRun

pytestmark = pytest.mark.unit


def begun(run: GoldenRun, results: Path) -> tuple[RunFolder, ScenarioResult]:
    """Write a golden run with its result, not yet sealed."""
    folder = RunFolder.open(run.write(results, seal=False))
    text = (EXPECTED / f"{run.name}.json").read_text()
    folder.write_text("results.json", text)
    return folder, ScenarioResult.model_validate_json(text)


def keep_worst(folder: RunFolder, result: ScenarioResult, worst: Sequence[PhraseObservation]) -> None:
    """Give the store the sound of some phrases."""
    transmission = read_transmission(folder.path)
    leave_out(folder, transmission, "worst", cut_phrases(folder, transmission, result.phrases, worst))


def test_the_worst_phrases_are_those_not_received_then_the_latest(tmp_path: Path) -> None:
    _, result = begun(SEVERAL, tmp_path)
    worst = worst_phrases(result, len(result.phrases))
    received = [phrase.received for phrase in worst]
    assert received == sorted(received)
    assert False in received
    assert len(worst_phrases(result, 1)) == 1


def test_of_the_worst_phrases_the_sound_is_what_was_recorded_there(tmp_path: Path) -> None:
    folder, result = begun(CLEAN, tmp_path)
    recorded, rate = read_wav(folder.path / "received.wav")
    worst = worst_phrases(result, 2)
    keep_worst(folder, result, worst)
    folder.seal()
    manifest = folder.manifest()
    assert not {"sent.wav", "received.wav"} & {file.name for file in manifest.files}
    assert {"sent.wav", "received.wav"} == {file.name for file in manifest.local_files}
    with StoredRun(folder.path) as run:
        heard = run.phrases()
        assert [each.kept.index for each in heard] == [phrase.index for phrase in worst]
        for each, phrase in zip(heard, worst, strict=True):
            position = phrase.position_in_received_seconds
            assert position is not None
            begin = max(0, round((position - 0.5) * rate))
            assert np.array_equal(each.received, recorded[begin : begin + len(each.received)])
            assert len(each.received) >= phrase.sample_count


def test_of_a_phrase_that_was_not_received_there_is_what_was_heard_at_its_time(tmp_path: Path) -> None:
    folder, result = begun(SEVERAL, tmp_path)
    lost = [phrase for phrase in result.phrases if not phrase.received]
    keep_worst(folder, result, lost)
    folder.seal()
    with StoredRun(folder.path) as run:
        assert all(
            len(each.sent) >= phrase.sample_count for each, phrase in zip(run.phrases(), lost, strict=True)
        )
        assert all(len(each.received) for each in run.phrases())


def kept(keep: Literal["worst", "figures"], results: Path, flac_from_seconds: float = 3600) -> RunFolder:
    """Write and seal a run of which the store is not given everything."""
    folder, result = begun(CLEAN, results)
    transmission = read_transmission(folder.path)
    worst = worst_phrases(result, 1) if keep == "worst" else ()
    phrases = cut_phrases(folder, transmission, result.phrases, worst)
    pack_sound(folder, transmission, flac_from_seconds)
    leave_out(folder, transmission, keep, phrases)
    folder.seal()
    return folder


def as_stored(run: RunFolder, store: Path) -> Path:
    """Copy what the store is given."""
    place = store / run.path.parent.name / run.run_id
    for name in [*(file.name for file in run.manifest().files), "manifest.json"]:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.path / name, place / name)
    return place


@pytest.mark.parametrize("keep", ["worst", "figures"])
@pytest.mark.parametrize("flac_from_seconds", [0, 3600])
def test_the_machine_that_measured_analyses_a_run_again_whatever_the_store_was_given(
    keep: Literal["worst", "figures"], flac_from_seconds: float, tmp_path: Path
) -> None:
    folder = kept(keep, tmp_path / "results", flac_from_seconds)
    stored = as_stored(folder, tmp_path / "store")
    endings = {path.suffix for path in stored.rglob("*") if path.is_file()}
    assert endings == ({".json", ".wav", ".npz", ".jsonl"} if keep == "worst" else {".json"})
    with StoredRun(folder.path) as run, StoredRun(stored, results=tmp_path / "results") as fetched:
        assert run.result is not None
        before = {"format": None, **run.result}
        for again in (run.analyse(), fetched.analyse()):
            assert {**json.loads(again.to_json()), "format": None} == {**before, "format": None}


@pytest.mark.parametrize("keep", ["worst", "figures"])
def test_elsewhere_a_run_whose_recordings_were_not_sent_has_its_result_and_says_why_it_has_no_more(
    keep: Literal["worst", "figures"], tmp_path: Path
) -> None:
    stored = as_stored(kept(keep, tmp_path / "results"), tmp_path / "store")
    for results in (None, tmp_path / "of another machine"):
        with StoredRun(stored, results=results) as run:
            assert run.result is not None
            assert run.result["delay"]["one_way_delay_ms"]["median"] > 0
            for action in (run.analyse, run.recorded):
                with pytest.raises(MeasurementError, match="cannot be analysed again") as refused:
                    action()
                assert "ELOQUENCE_EVIDENCE__KEEP=everything" in refused.value.remedy


def test_recordings_here_that_are_not_those_of_the_stored_run_are_refused(tmp_path: Path) -> None:
    folder = kept("worst", tmp_path / "results")
    stored = as_stored(folder, tmp_path / "store")
    content = bytearray((folder.path / "received.wav").read_bytes())
    content[-1] ^= 1
    (folder.path / "received.wav").write_bytes(content)
    with StoredRun(stored, results=tmp_path / "results") as run, pytest.raises(StorageError, match="differs"):
        run.analyse()


def test_packed_recordings_give_the_same_figures_and_the_run_stays_as_it_is(tmp_path: Path) -> None:
    folder, _ = begun(CLEAN, tmp_path)
    before = StoredRun(folder.path).analyse()
    assert sorted(pack_sound(folder, read_transmission(folder.path), 0)) == ["received.flac", "sent.flac"]
    folder.seal()
    names = {path.name for path in folder.path.iterdir()}
    assert "sent.wav" not in names
    with StoredRun(folder.path) as run:
        assert run.analyse() == before
    assert {path.name for path in folder.path.iterdir()} == names


def test_short_recordings_are_not_packed(tmp_path: Path) -> None:
    folder, _ = begun(CLEAN, tmp_path)
    assert pack_sound(folder, read_transmission(folder.path), 3600) == []
    assert (folder.path / "sent.wav").exists()


def test_a_packed_recording_that_is_another_one_is_refused(tmp_path: Path) -> None:
    folder, _ = begun(CLEAN, tmp_path)
    pack_sound(folder, read_transmission(folder.path), 0)
    (folder.path / "sent.flac").write_bytes((folder.path / "received.flac").read_bytes())
    folder.seal()
    with StoredRun(folder.path) as run, pytest.raises(MeasurementError):
        run.analyse()


@given(arrays(np.int16, st.integers(1, 3000)))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_flac_gives_the_same_wav_file_bit_by_bit(tmp_path: Path, samples: np.ndarray) -> None:
    wav, flac, again = (tmp_path / name for name in ("a.wav", "a.flac", "again.wav"))
    write_wav(wav, samples, 48_000)
    assert pack(wav, flac)
    unpack(flac, again)
    assert sha256_of_file(again) == sha256_of_file(wav)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_wav_file_that_could_not_be_made_again_is_not_packed(tmp_path: Path) -> None:
    wav = tmp_path / "a.wav"
    write_wav(wav, np.zeros(100, dtype=np.int16), 48_000)
    wav.write_bytes(wav.read_bytes() + b"more")
    assert not pack(wav, tmp_path / "a.flac")
    assert {path.name for path in tmp_path.iterdir()} == {"a.wav"}


def test_a_kept_phrase_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    folder, result = begun(CLEAN, tmp_path)
    keep_worst(folder, result, worst_phrases(result, 1))
    path = folder.path / "kept.json"
    write_wav(tmp_path / "secret.wav", np.ones(100, dtype=np.int16), 48_000)
    path.write_text(path.read_text().replace("phrases/", "../../../../../phrases/", 1))
    folder.seal()
    with StoredRun(folder.path) as run, pytest.raises(StorageError):
        run.phrases()
