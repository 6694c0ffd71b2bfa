"""A stored run is read, whatever version wrote it, and gives the same figures again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eloquence_pipeline import load_run
from eloquence_pipeline.errors import ConfigurationError, MeasurementError, StorageError
from eloquence_pipeline.measurement.comparison import compare
from eloquence_pipeline.measurement.disagreement import disagreements
from eloquence_pipeline.models import RESULT_FORMAT_VERSION, DisagreementKind, VerdictStatus
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.settings import FolderSettings, Settings, ThresholdSettings
from tests.golden.cases import OLD_VERSIONS, old_run
from tests.golden.runs import SEVERAL
from tests.unit.measurement.test_loss import RATE, levels
from tests.unit.replay.conftest import reseal, rewritten

pytestmark = pytest.mark.unit


def test_a_stored_run_gives_the_same_figures_again_and_is_left_as_it_is(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    run = StoredRun(folder)
    again = run.analyse()
    assert run.result == json.loads(again.to_json())
    assert run.result is not None
    comparison = compare(run.result, again)
    assert comparison.is_same
    assert comparison.compared > 200
    assert not comparison.added
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_sound_and_times_are_there_as_arrays(folder: Path) -> None:
    recorded = StoredRun(folder).recorded("speaker")
    assert recorded.sent.samples.dtype == np.int16
    assert len(recorded.sent.samples) == recorded.sent.timeline.sample_count
    assert recorded.received.timeline.stamps_ns.dtype == np.int64
    with pytest.raises(MeasurementError, match="nobody is called 'someone'"):
        StoredRun(folder).recorded("someone")


def test_it_is_judged_by_its_own_thresholds_unless_others_are_given(tmp_path: Path) -> None:
    run = StoredRun(SEVERAL.write(tmp_path))
    assert run.analyse().thresholds["latency_acceptable_ms"] == 60
    assert "over the threshold of 60 ms" in run.analyse().verdict.reasons[0]
    assert "60 ms" not in str(run.analyse(ThresholdSettings()).verdict.reasons)


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_a_run_of_result_format_1_is_upgraded(version: str, tmp_path: Path) -> None:
    run = StoredRun(old_run(version, tmp_path))
    assert run.result is not None
    assert run.result["format"]["version"] == RESULT_FORMAT_VERSION
    assert run.info.parameters == {"duration_seconds": 8}
    assert [speaker["speaker"] for speaker in run.result["speakers"]] == ["speaker"]
    assert run.result["plan"]["phrases_planned"] == 2
    assert run.result["thresholds"] == ThresholdSettings().model_dump()


def test_disagreements_of_result_format_2_get_their_kinds(bare: Path) -> None:
    found = [
        *disagreements(levels(rtp=300, concealed=0.007), 0, RATE),
        *disagreements(levels(audio=0.1), 0, RATE),
        *disagreements(levels(concealed=0.08, audio=0.1), 0, RATE),
        *disagreements(levels(concealed=0.08), 0, RATE),
        *disagreements(levels(missing=1), 2.4, RATE),
    ]
    assert {each.kind for each in found} == set(DisagreementKind)

    def as_in_version_2(document: Any) -> None:
        document["format"]["version"] = 2
        document["loss"]["disagreements"] = [
            f"speaker: {found[0].explanation}",
            *(each.explanation for each in found[1:]),
        ]
        document["speakers"][0]["loss"]["disagreements"] = [found[1].explanation]

    rewritten(bare / "results.json", as_in_version_2)
    result = StoredRun(bare).result
    assert result is not None
    expected = [each.model_dump(mode="json") for each in found]
    assert result["loss"]["disagreements"] == [expected[0] | {"speaker": "speaker"}, *expected[1:]]
    assert result["speakers"][0]["loss"]["disagreements"] == [expected[1]]


def test_bounds_of_an_old_run_that_were_set_lower_are_kept(tmp_path: Path) -> None:
    folder = old_run("88e0f44", tmp_path)
    (folder / "manifest.json").unlink()

    def stricter(document: Any) -> None:
        for figure in document["verdict"]["figures"]:
            figure["threshold"] = 40.0 if figure["unit"] == "ms" else 0.002

    rewritten(folder / "results.json", stricter)
    result = StoredRun(folder).analyse()
    assert result.verdict.status is VerdictStatus.FAILED
    assert result.thresholds["latency_acceptable_ms"] == 40
    assert result.thresholds["latency_excellent_ms"] == 40
    assert result.thresholds["loss_excellent_ratio"] == 0.002


@pytest.mark.parametrize("name", ["results.json", "run.json"])
def test_a_run_of_a_newer_format_is_refused_with_what_to_do(bare: Path, name: str) -> None:
    rewritten(bare / name, lambda document: document["format"].update(version=RESULT_FORMAT_VERSION + 1))
    if name == "run.json":
        (bare / "results.json").unlink()
    # What a newer version wrote elsewhere need not look like anything known.
    (bare / "transmission.json").write_text('{"new": "shape"}')
    with pytest.raises(StorageError, match=f"{name}: it is of format version .*newer") as raised:
        StoredRun(bare)
    assert "update the pipeline" in raised.value.remedy


def test_a_newer_manifest_is_refused_with_what_to_do(folder: Path) -> None:
    rewritten(folder / "manifest.json", lambda document: document.update(version=2, new="key"))
    with pytest.raises(StorageError, match="format version 2, newer than 1") as raised:
        StoredRun(folder)
    assert "update the pipeline" in raised.value.remedy


def test_a_run_without_its_result_is_analysed_by_its_header(bare: Path) -> None:
    (bare / "results.json").unlink()
    run = StoredRun(bare)
    assert run.result is None
    assert run.info.room == run.transmission.room == "golden"
    assert run.info.parameters == {"duration_seconds": 8}
    assert run.analyse().verdict.status is VerdictStatus.PASSED


def test_an_interrupted_run_is_put_together_from_what_each_end_wrote(tmp_path: Path) -> None:
    folder = SEVERAL.write(tmp_path, seal=False)
    for number, channel in enumerate(json.loads((folder / "transmission.json").read_text())["channels"], 1):
        (folder / f"publisher-{number}.json").write_text(json.dumps(channel["sent"]))
        (folder / f"subscriber-{number}.json").write_text(json.dumps(channel["received"]))
    (folder / "transmission.json").unlink()
    reseal(folder)
    result = StoredRun(folder).analyse()
    assert [speaker.speaker for speaker in result.speakers] == ["speaker-1", "speaker-2"]
    assert result.packets_received == 3
    assert result.verdict.reasons[0] == "the transmission broke off: interrupted"


def test_a_run_in_which_nothing_was_said_is_refused_with_its_cause(bare: Path) -> None:
    for name in ("transmission.json", "results.json"):
        (bare / name).unlink()
    attempts = json.loads((bare / "attempts.json").read_text())
    (bare / "attempts.json").write_text(json.dumps([attempts[0] | {"error": "LiveKit is away"}]))
    with pytest.raises(StorageError, match=r"nothing was transmitted.*: LiveKit is away"):
        StoredRun(bare)


def test_an_oldest_run_that_was_interrupted_says_what_its_folder_says(tmp_path: Path) -> None:
    folder = old_run("a39af07", tmp_path)
    for name in ("results.json", "manifest.json"):
        (folder / name).unlink()
    run = StoredRun(folder)
    assert (run.info.run_id, run.info.scenario) == (folder.name, "old")
    assert run.content.thresholds is None
    assert run.analyse().packets_received == 2


def test_a_run_is_found_by_folder_manifest_key_and_id(folder: Path) -> None:
    results = folder.parents[3]
    settings = Settings(folders=FolderSettings(results=results))
    key = folder.relative_to(results).as_posix()
    for name in (folder, folder / "manifest.json", key, f"{key}/", f"{key}/manifest.json", folder.name):
        assert load_run(name, settings).folder == folder


@pytest.mark.parametrize(
    "name",
    ["no-such-run", "runs/2026-11-22/../20261122T120000Z-abcdef", "s3://", "s3://bucket", "s3://b/../x"],
)
def test_what_names_no_run_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"names no run|there is no run"):
        load_run(name, Settings(folders=FolderSettings(results=tmp_path)))


def test_a_file_of_a_run_that_is_not_its_manifest_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"is a file, but no manifest\.json"):
        load_run(folder / "sent.wav")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nothing was transmitted"):
        load_run(tmp_path)


def test_a_run_that_is_nowhere_names_the_store_that_is_not_set(tmp_path: Path) -> None:
    settings = Settings(folders=FolderSettings(results=tmp_path))
    with pytest.raises(ConfigurationError, match="not on this machine, and the settings name no store"):
        load_run("20261122T120000Z-abcdef", settings)


def test_a_folder_that_was_copied_elsewhere_is_read_as_well(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "anywhere"
    shutil.copytree(folder, copy)
    assert load_run(copy).analyse() == load_run(folder).analyse()
