"""A report is made of what a folder holds: of any kind, also of what was left out of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from eloquence_pipeline.errors import ConfigurationError, ExitCode, StorageError
from eloquence_pipeline.measurement.matrix import along
from eloquence_pipeline.measurement.worst import worst_phrases
from eloquence_pipeline.models import Axis, ScenarioResult
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.report import ReportOptions, phrase_sounds, report_of
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.keeping import cut_phrases, leave_out, pack_sound
from eloquence_pipeline.storage.run_files import REPORT_FILE, RESULTS_FILE
from eloquence_pipeline.storage.stored_run import read_transmission
from flows import report as command
from flows.report import RequestedReport, open_report, write_report
from tests.disturbed import reconnection
from tests.golden.cases import old_run
from tests.golden.results import golden
from tests.golden.runs import GOLDEN_RUNS
from tests.page_elements import Elements
from tests.reports import matrix, suite

pytestmark = pytest.mark.unit

RUNS = {run.name: run for run in GOLDEN_RUNS}
Keep = Callable[[RunFolder, ScenarioResult], object]


def written(folder: Path, name: str, keep: Keep = lambda run, result: None, *, seal: bool = True) -> Path:
    """Write a golden run with its result, and leave out of it what is not to be kept."""
    path = RUNS[name].write(folder, seal=False)
    run, result = RunFolder.open(path), golden(name)
    run.write_text(RESULTS_FILE, result.to_json())
    keep(run, result)
    if seal:
        run.seal()
    return path


def worst(run: RunFolder, result: ScenarioResult) -> None:
    transmission = read_transmission(run.path)
    phrases = cut_phrases(run, transmission, result.phrases, worst_phrases(result, 2))
    leave_out(run, transmission, "worst", phrases)


def packed(run: RunFolder, result: ScenarioResult) -> None:
    assert pack_sound(run, read_transmission(run.path), 0.0)


def figures(run: RunFolder, result: ScenarioResult) -> None:
    leave_out(run, read_transmission(run.path), "figures")


def players(html: str) -> int:
    return len([element for element in Elements(html).elements if element.tag == "audio"])


@pytest.mark.parametrize(
    ("name", "seal"),
    [("clean", False), ("clean", True), ("several", False), ("unheard", True), ("broken-off", False)],
)
def test_every_run_has_a_report_before_and_after_it_is_sealed(tmp_path: Path, name: str, seal: bool) -> None:
    html = report_of(written(tmp_path, name, seal=seal), ReportOptions(most_sounds=1))
    assert RUNS[name].run_id in html
    assert players(html) == (1 if name == "unheard" else 2)


@pytest.mark.parametrize(
    ("keep", "sounds"), [(worst, 2), (packed, 3), (figures, 0)], ids=["worst", "packed", "figures"]
)
def test_a_report_holds_the_sound_that_was_kept(tmp_path: Path, keep: Keep, sounds: int) -> None:
    path = written(tmp_path, "clean", keep, seal=False)
    html = report_of(path, ReportOptions(most_sounds=3))
    RunFolder.open(path).seal()
    assert players(html) == 2 * sounds
    assert players(report_of(path, ReportOptions(most_sounds=3))) == 2 * sounds
    assert ("n'a pas été gardé" in html.replace("&#39;", "'")) == (not sounds)


@pytest.mark.parametrize("keep", [worst, packed], ids=["worst", "packed"])
def test_what_was_sent_and_what_was_received_begin_at_the_same_moment_of_the_phrase(
    tmp_path: Path, keep: Keep
) -> None:
    with StoredRun(written(tmp_path, "clean", keep)) as run:
        for sound in phrase_sounds(run, golden("clean"), 2):
            count = min(sound.sent.size, sound.received.size)
            middle = sound.sent[2400 : count - 2400].astype(float)
            scores = [
                float(np.dot(middle, sound.received[2400 + lag : count - 2400 + lag]))
                for lag in range(-50, 51)
            ]
            assert abs(int(np.argmax(scores)) - 50) <= 1


def test_a_run_that_was_interrupted_is_measured_for_its_report(tmp_path: Path) -> None:
    html = report_of(RUNS["clean"].write(tmp_path), ReportOptions(most_sounds=0))
    assert RUNS["clean"].run_id in html


def test_a_run_of_an_older_version_has_a_report(tmp_path: Path) -> None:
    assert "<h1" in report_of(old_run("88e0f44", tmp_path), ReportOptions(most_sounds=0))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("network-matrix", matrix().to_json()),
        ("reconnect", reconnection().to_json()),
        ("suite", suite().to_json()),
    ],
    ids=["matrix", "reconnect", "suite"],
)
def test_results_over_several_runs_have_reports(tmp_path: Path, name: str, text: str) -> None:
    folder = RunFolder.create(tmp_path, suite().started_at, name)
    folder.write_text(RESULTS_FILE, text)
    folder.seal()
    assert f'href="{RESULTS_FILE}"' in report_of(folder.path, ReportOptions())


def test_a_result_is_read_back_as_it_was_written() -> None:
    for record in (suite(), matrix(), reconnection()):
        assert type(record).model_validate_json(record.to_json()) == record
    assert [point.cell.network for point in along(Axis.LOSS, matrix().cells)] == [
        "clean",
        "loss=3",
        "loss=90",
    ]


@pytest.mark.parametrize(
    "content",
    [
        '{"format": "eloquence-suite", "version": 2}',
        '{"format": "eloquence-network-matrix"}',
        '{"format": "eloquence-load", "version": 1}',
        "[]",
        "{",
    ],
    ids=["newer", "incomplete", "without a report", "list", "no JSON"],
)
def test_a_damaged_result_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    folder = RunFolder.create(tmp_path, suite().started_at, "suite")
    folder.write_text(RESULTS_FILE, content)
    with pytest.raises(StorageError, match=RESULTS_FILE) as caught:
        report_of(folder.path, ReportOptions())
    assert caught.value.remedy


def test_values_that_cannot_be_shown_are_an_error_and_no_crash(tmp_path: Path) -> None:
    path = written(tmp_path, "clean", seal=False)
    document = json.loads((path / RESULTS_FILE).read_text(encoding="utf-8"))
    for phrase in document["phrases"]:
        phrase |= {"one_way_delay_ms": 1e400, "end_to_end_ms": 1e400, "duration_seconds": 1e300}
    (path / RESULTS_FILE).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(StorageError):
        report_of(path, ReportOptions())


def test_a_file_with_a_name_of_its_own_kind_becomes_no_link(tmp_path: Path) -> None:
    path = written(tmp_path, "clean", seal=False)
    (path / "javascript:alert(1)").write_text("x", encoding="utf-8")
    page = Elements(report_of(path, ReportOptions(most_sounds=0)))
    assert "received.wav" in page.addresses
    assert not any("alert" in address for address in page.addresses)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ELOQUENCE_FOLDERS__RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("ELOQUENCE_FOLDERS__CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(command, "_DISPLAYS", ("NO_DISPLAY_IS_CALLED_SO",))
    return tmp_path / "results"


def test_the_command_writes_a_report_into_a_file_and_leaves_the_run_alone(results: Path) -> None:
    path = written(results, "clean")
    before = sorted(one.name for one in path.iterdir())
    output = results.parent / "report.html"
    console = Console(file=io.StringIO())
    asked = RequestedReport(RUNS["clean"].run_id, output, "en", verbose=False)
    assert write_report(console, asked) is ExitCode.PASSED
    assert '<html lang="en"' in output.read_text(encoding="utf-8")
    assert sorted(one.name for one in path.iterdir()) == before
    assert not any(address == RESULTS_FILE for address in Elements(output.read_text("utf-8")).addresses)


def test_the_command_does_not_change_evidence(results: Path) -> None:
    path = written(results, "clean")
    asked = RequestedReport(str(path), path / RESULTS_FILE, None, verbose=False)
    with pytest.raises(ConfigurationError, match="never changed"):
        write_report(Console(file=io.StringIO()), asked)


def test_without_a_browser_the_place_of_the_report_is_told(results: Path) -> None:
    path = written(results, "clean", lambda run, result: run.write_text(REPORT_FILE, "<p>the first one</p>"))
    shown = io.StringIO()
    assert open_report(Console(file=shown, width=400), str(path), None) is ExitCode.PASSED
    assert str(path / REPORT_FILE) in shown.getvalue()
    assert "no browser" in shown.getvalue()


def test_a_page_from_elsewhere_is_not_opened_but_made_here(results: Path, tmp_path: Path) -> None:
    path = written(
        tmp_path / "from a mail",
        "clean",
        lambda run, result: run.write_text(REPORT_FILE, "<script>evil</script>"),
    )
    shown = io.StringIO()
    open_report(Console(file=shown, width=400), str(path), None)
    (made,) = (tmp_path / "cache" / "reports").iterdir()
    assert str(made) in shown.getvalue()
    assert "evil" not in made.read_text(encoding="utf-8")
