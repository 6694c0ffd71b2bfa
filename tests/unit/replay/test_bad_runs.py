"""What is damaged, does not belong together or comes from somebody else is refused, clearly."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eloquence_pipeline.errors import EloquenceError, MeasurementError, StorageError
from eloquence_pipeline.files import write_npz
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.signal.wav import read_wav, write_wav
from eloquence_pipeline.storage import RunFolder, run_documents
from tests.unit.replay.conftest import refer_to, reseal, rewritten

pytestmark = pytest.mark.unit

SILENCE = np.zeros(4800, dtype=np.int16)


def test_a_file_that_is_not_what_the_manifest_says_is_named(folder: Path) -> None:
    content = bytearray((folder / "received.wav").read_bytes())
    content[5000] ^= 1
    (folder / "received.wav").write_bytes(content)
    with pytest.raises(StorageError, match=r"received\.wav is not the file that the manifest names"):
        StoredRun(folder)


def test_a_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / "sent_timings.npz").unlink()
    with pytest.raises(StorageError, match=r"sent_timings\.npz of the run .* is missing"):
        StoredRun(folder)


def test_the_result_over_several_calls_names_them(bare: Path) -> None:
    content = {"format": {"name": "eloquence-reconnection", "version": 1, "method_version": 3}}
    (bare / "results.json").write_text(json.dumps(content))
    with pytest.raises(StorageError, match="each of them is a run of its own") as raised:
        StoredRun(bare)
    assert "`calls`" in raised.value.remedy


@pytest.mark.parametrize("name", ["eloquence-load", "eloquence-capacity"])
def test_the_result_over_many_sessions_says_what_it_is(bare: Path, name: str) -> None:
    content = {"format": {"name": name, "version": 1, "method_version": 4}}
    (bare / "results.json").write_text(json.dumps(content))
    with pytest.raises(StorageError, match="many sessions at once, which is neither analysed again"):
        StoredRun(bare)


def test_a_recording_that_was_changed_is_found_without_a_manifest_too(bare: Path) -> None:
    (bare / "sent.wav").write_bytes((bare / "received.wav").read_bytes())
    with pytest.raises(MeasurementError, match=r"sent\.wav is not the file that was recorded"):
        StoredRun(bare).analyse()


def test_a_recording_that_the_manifest_does_not_know_is_refused(folder: Path) -> None:
    write_wav(folder / "other.wav", SILENCE, 48_000)
    refer_to(folder, "sent", "audio", "other.wav")
    (folder / "manifest.json").unlink()
    (folder / "other.wav").rename(folder / "hidden")
    reseal(folder)
    (folder / "hidden").rename(folder / "other.wav")
    with pytest.raises(StorageError, match=r"hidden .* is missing|is not the file"):
        StoredRun(folder)


def test_a_sound_of_another_rate_is_refused(bare: Path) -> None:
    write_wav(bare / "other.wav", np.zeros(172_800, dtype=np.int16), 44_100)
    refer_to(bare, "received", "audio", "other.wav")
    with pytest.raises(MeasurementError, match=r"other\.wav holds 172800 samples at 44100 Hz, its timings"):
        StoredRun(bare).analyse()


def test_ends_of_different_rates_are_refused(bare: Path) -> None:
    write_wav(bare / "other.wav", read_wav(bare / "received.wav")[0], 44_100)
    refer_to(bare, "received", "audio", "other.wav")
    rewritten(
        bare / "transmission.json",
        lambda document: document["channels"][0]["received"].update(sample_rate_hz=44_100),
    )
    with pytest.raises(MeasurementError, match=r"different sample rates: .*other\.wav 44100 Hz"):
        StoredRun(bare).analyse()


def test_a_stereo_sound_is_refused(bare: Path) -> None:
    soundfile.write(bare / "other.wav", np.zeros((4800, 2), dtype=np.int16), 48_000, subtype="PCM_16")
    refer_to(bare, "received", "audio", "other.wav")
    with pytest.raises(MeasurementError, match="2 channels instead of one"):
        StoredRun(bare).analyse()


@pytest.mark.parametrize(
    ("kept", "told"), [(0, "is an empty file"), (10, "is no WAV file"), (5000, "is truncated")]
)
def test_a_sound_that_is_cut_off_is_refused(bare: Path, kept: int, told: str) -> None:
    (bare / "other.wav").write_bytes((bare / "received.wav").read_bytes()[:kept])
    refer_to(bare, "received", "audio", "other.wav")
    with pytest.raises(MeasurementError, match=told):
        StoredRun(bare).analyse()


def test_a_sound_without_samples_is_refused(bare: Path) -> None:
    write_wav(bare / "other.wav", np.zeros(0, dtype=np.int16), 48_000)
    refer_to(bare, "received", "audio", "other.wav")
    with pytest.raises(MeasurementError, match="holds no samples"):
        StoredRun(bare).analyse()


def test_times_that_do_not_belong_to_the_sound_are_refused(bare: Path) -> None:
    refer_to(bare, "received", "audio", "sent.wav")
    with pytest.raises(MeasurementError, match=r"sent\.wav holds \d+ samples at 48000 Hz, its timings \d+"):
        StoredRun(bare).analyse()


def test_deadlines_that_do_not_belong_to_the_frames_are_refused(bare: Path) -> None:
    times = np.load(bare / "sent_timings.npz")
    write_npz(
        bare / "other.npz", deadline_ns=times["deadline_ns"][:-1], handed_over_ns=times["handed_over_ns"]
    )
    refer_to(bare, "sent", "timings", "other.npz")
    with pytest.raises(MeasurementError, match=r"other\.npz holds \d+ deadlines for \d+ frames"):
        StoredRun(bare).analyse()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"\x93NUMPY", b"{}"])
def test_times_that_are_none_are_refused(bare: Path, content: bytes) -> None:
    (bare / "other.npz").write_bytes(content)
    refer_to(bare, "sent", "timings", "other.npz")
    with pytest.raises(MeasurementError):
        StoredRun(bare).analyse()


def test_times_that_become_huge_are_refused_before_they_do(bare: Path) -> None:
    with (
        ZipFile(bare / "other.npz", "w", ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("deadline_ns.npy", "w") as times,
    ):
        for _ in range(600):
            times.write(bytes(1 << 20))
    assert (bare / "other.npz").stat().st_size < 4 << 20
    refer_to(bare, "sent", "timings", "other.npz")
    with pytest.raises(MeasurementError, match="more than any call has"):
        StoredRun(bare).analyse()


def test_a_document_that_is_too_long_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_documents, "_MOST_BYTES", 100)
    with pytest.raises(StorageError, match="longer than 100 bytes"):
        StoredRun(folder)


def test_a_packed_recording_that_becomes_another_length_is_not_unpacked(bare: Path) -> None:
    soundfile.write(str(bare / "sent.flac"), np.zeros(480_000, dtype=np.int16), 48_000, subtype="PCM_16")
    (bare / "sent.wav").unlink()
    RunFolder(bare, "").seal()
    with StoredRun(bare) as run, pytest.raises(MeasurementError, match="another file"):
        run.analyse()


@pytest.mark.parametrize(
    "name", ["../results.json", "/etc/hostname", "..", "a/../../b", ".hidden", "", "a\\b", "nul\x00"]
)
def test_a_transmission_cannot_name_a_file_outside_the_run(bare: Path, name: str) -> None:
    rewritten(
        bare / "transmission.json",
        lambda document: document["channels"][0]["sent"]["audio"].update(name=name),
    )
    with pytest.raises(StorageError, match="cannot be the part of the file name"):
        StoredRun(bare)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "a//b", ".secret", "manifest.json"])
def test_a_manifest_cannot_name_a_file_outside_the_run(folder: Path, name: str) -> None:
    rewritten(folder / "manifest.json", lambda document: document["files"][0].update(name=name))
    with pytest.raises(StorageError, match=r"is no manifest of a run|or itself"):
        StoredRun(folder)


def test_a_link_cannot_lead_out_of_the_run(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.wav"
    (folder / "sent.wav").rename(elsewhere)
    (folder / "sent.wav").symlink_to(elsewhere)
    with pytest.raises(StorageError, match=r"sent\.wav is no file of this run"):
        StoredRun(folder)


def test_a_pipe_in_the_place_of_a_file_does_not_stop_the_reader(folder: Path) -> None:
    (folder / "sent.wav").unlink()
    os.mkfifo(folder / "sent.wav")
    with pytest.raises(StorageError, match=r"sent\.wav is no file of this run"):
        StoredRun(folder)


def test_control_characters_do_not_reach_the_terminal(bare: Path) -> None:
    text = "Bonjour\x1b]0;title\x07 \x9b31m"

    def change(document: dict[str, Any]) -> None:
        document["channels"][0]["script"]["phrases"][0]["clip"]["phrase"]["text"] = text

    rewritten(bare / "transmission.json", change)
    assert "\x1b" not in StoredRun(bare).analyse().to_json()
    assert StoredRun(bare).analyse().phrases[0].text == "Bonjour�]0;title� �31m"


@pytest.mark.parametrize("name", ["transmission.json", "results.json", "attempts.json", "run.json"])
@pytest.mark.parametrize(
    "content", ["", "{", "[]", "1", '"text"', "[" * 100_000, '{"format": 3}', '{"format": {"version": "2"}}']
)
def test_json_that_is_something_else_is_refused(bare: Path, name: str, content: str) -> None:
    if name == "run.json":
        (bare / "results.json").unlink()
    (bare / name).write_text(content)
    if name == "attempts.json" and content == "[]":
        return  # a run without attempts
    with pytest.raises(StorageError, match=name):
        StoredRun(bare)


SOMETHING: list[Any] = [None, True, 0, -1, 3, 10**30, 1e308, -1.5, "", "x", [], {}]


def keys_of(value: Any) -> list[Any]:
    """Return what can be asked for in an object or a list."""
    if isinstance(value, dict):
        return list(cast(dict[str, Any], value))
    return list(range(len(cast(list[Any], value)))) if isinstance(value, list) else []


@given(data=st.data(), value=st.sampled_from(SOMETHING))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_value_stands_anywhere_only_errors_of_the_pipeline_come_out(
    bare: Path, data: st.DataObject, value: Any
) -> None:
    name = data.draw(st.sampled_from(["transmission.json", "results.json", "attempts.json"]))
    original = (bare / name).read_text()
    document: Any = json.loads(original)
    place: Any = document
    key = data.draw(st.sampled_from(keys_of(place)))
    while keys_of(place[key]) and data.draw(st.integers(0, 3)):
        place = place[key]
        key = data.draw(st.sampled_from(keys_of(place)))
    place[key] = value
    (bare / name).write_text(json.dumps(document))
    try:
        with suppress(EloquenceError):
            StoredRun(bare).analyse().to_json()
    finally:
        (bare / name).write_text(original)
