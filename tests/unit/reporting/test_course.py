"""The course of a long call fits on a terminal, into Markdown, and into a drawing."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import STABILITY_TEST, CourseInterval, ScenarioResult
from eloquence_pipeline.reporting.course import clock, course_markdown, course_rows, course_table
from eloquence_pipeline.reporting.course_plot import course_svg
from eloquence_pipeline.settings import ThresholdSettings
from tests.simulated import Simulation, run_info

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScenarioResult:
    folder: Path = tmp_path_factory.mktemp("call")
    info = run_info().model_copy(update={"scenario": STABILITY_TEST})
    transmission = Simulation([2400, None, 3000, 2400, 2400]).write(folder)
    return analyse(transmission, folder, info, (), ThresholdSettings())


def test_every_interval_has_a_row_and_what_is_notable_a_line(result: ScenarioResult) -> None:
    assert [row[:2] for row in course_rows(result)] == [("0:00", "2/3"), ("0:10", "2/2")]
    text = course_markdown(result)
    assert "| 0:00 | 2/3 |" in text
    assert "plus long trou : 1200 ms à 0:04 (phrase 2)" in text
    assert course_markdown(result.model_copy(update={"course": None})) == ""


def test_the_longest_rows_fit_into_80_columns(result: ScenarioResult) -> None:
    assert result.course is not None
    wide = CourseInterval(
        start_seconds=11 * 3600 + 48 * 60,
        end_seconds=12 * 3600,
        phrases_sent=144,
        phrases_received=144,
        one_way_delay_median_ms=1234.5,
        one_way_delay_p95_ms=2345.6,
        network_median_ms=1000.0,
        jitter_buffer_ms=1800.0,
        rtp_loss_ratio=1.0,
        concealed_ratio=1.0,
        gap_count=9,
        gap_ms=12345.6,
    )
    course = result.course.model_copy(update={"intervals": (wide,)})
    shown = io.StringIO()
    Console(file=shown, width=80).print(course_table(result.model_copy(update={"course": course})))
    assert "…" not in shown.getvalue()
    for value in ("11:48:00", "144/144", "1234.5", "2345.6", "1000.0", "1800.0", "100.0", "12346"):
        assert value in shown.getvalue()


def test_the_drawing_is_the_same_for_the_same_result_and_can_be_read(result: ScenarioResult) -> None:
    drawing = course_svg(result)
    assert drawing == course_svg(result)
    texts = [element.text for element in ET.fromstring(drawing).iter() if element.tag.endswith("text")]
    assert {"aller simple", "phrase non reçue", "son masqué", "minutes"} <= set(texts)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (720, "12:00"), (3720, "1:02:00")]
)
def test_places_are_shown_as_a_clock_does(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
