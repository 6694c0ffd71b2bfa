"""What the reports of a load and of a search for its limit say first, and what they show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eloquence_pipeline.models.load import CapacityResult, LoadResult
from eloquence_pipeline.reporting.html import Evidence, EvidenceFile, capacity_page, load_page, page_html
from eloquence_pipeline.reporting.html.blocks import Block, Link, Page, Paragraph, Plot, Table
from eloquence_pipeline.reporting.html.load_plots import load_course_plot, session_plot
from eloquence_pipeline.reporting.html.load_standing import Standing, standings
from tests import load_reports
from tests.load_reports import (
    found_limit,
    good_load,
    late_tester,
    limit_of_the_tester,
    many_machines,
    no_limit,
    not_even_one,
    overloaded_server,
    silent_load,
    unheard_load,
)

pytestmark = pytest.mark.unit

PREFIX = "runs/2026-11-23/load/20261123T060403Z-8cfe42/"


def blocks(page: Page, name: str) -> tuple[Block, ...]:
    return next((one.blocks for one in page.sections if one.name == name), ())


def table(page: Page, name: str, title: str) -> Table:
    return next(one for one in blocks(page, name) if isinstance(one, Table) and one.title.en == title)


@pytest.mark.parametrize(
    ("make", "colour", "said"),
    [
        (good_load, "green", "The voice is good in all 16 sessions"),
        (overloaded_server, "red", "The voice is not good in 2 of 16 sessions"),
        (late_tester, "yellow", "Nothing can be said of the server: the tester was at its limit"),
        (unheard_load, "red", "The voice is not good in this session"),
        (silent_load, "red", "Nothing was said to its end"),
        (many_machines, "yellow", "2 of 6 sessions were not measured"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_verdict_over_a_load_is_said_in_plain_words(
    make: Callable[[], LoadResult], colour: str, said: str
) -> None:
    head = load_page(make(), Evidence()).headline
    assert (head.colour, head.sentence.en) == (colour, said)


@pytest.mark.parametrize(
    ("make", "colour", "said"),
    [
        (found_limit, "green", "13 sessions hold, 14 do not"),
        (limit_of_the_tester, "yellow", "2 sessions hold, 3 do not"),
        (no_limit, "green", "2 sessions hold, the limit was not reached"),
        (not_even_one, "red", "Not even 1 session holds"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_bracket_of_a_search_is_said_in_plain_words(
    make: Callable[[], CapacityResult], colour: str, said: str
) -> None:
    head = capacity_page(make(), Evidence()).headline
    assert (head.colour, head.sentence.en) == (colour, said)


def test_every_session_has_one_standing() -> None:
    counts = standings(late_tester())
    assert counts == {Standing.GOOD: 5, Standing.BAD: 0, Standing.SILENT: 0, Standing.INVALID: 2}
    assert standings(silent_load())[Standing.SILENT] == 1
    result = overloaded_server()
    assert sum(standings(result).values()) == len(result.sessions)
    assert standings(result)[Standing.BAD] == 2


def test_a_server_at_its_limit_is_named_with_what_it_says_of_itself() -> None:
    head = load_page(overloaded_server(), Evidence()).headline
    assert head.blame is not None
    assert head.blame.en.startswith("the server: 98 % of its 2 cores, answer within 812 ms at most")
    assert "4.3 % of the packets kept for more than 20 ms" in head.blame.en
    told = [problem.text.en for problem in head.problems]
    assert any(one.startswith("highest latency (session-015): ") for one in told)
    assert "session 16 broke off: the room was closed" in told


def test_a_tester_at_its_limit_is_told_with_its_figure_and_its_bound() -> None:
    head = load_page(late_tester(), Evidence()).headline
    first, *others = [problem.text.en for problem in head.problems]
    assert first == (
        "the tester did not keep the pace of 2 of 7 sessions; sent late, p99: 18.4 ms (threshold ≤ 5 ms)"
    )
    assert "1 session not measured (8): no answer → look at the server" in others
    assert "5 of 8 sessions with a good voice, 2 invalid, 1 not measured" in head.more[0].en


def test_problems_lead_to_parts_that_the_page_has() -> None:
    for make in (overloaded_server, late_tester, many_machines):
        page = load_page(make(), Evidence())
        names = {one.name for one in page.sections}
        assert {one.anchor for one in page.headline.problems} <= names


def test_the_worst_session_comes_first_and_its_sound_is_a_link_where_it_is_kept() -> None:
    files = (EvidenceFile("session-016/received.wav", 1), EvidenceFile("results.json", 1))
    page = load_page(overloaded_server(), Evidence(PREFIX, files=files))
    rows = table(page, "sessions", "The worst first").rows
    assert [row[0] for row in rows[:2]] == ["16 (1)", "15 (1)"]
    assert rows[0][-1] == Link("received.wav", "session-016/received.wav")
    assert rows[1][-1] == "—"
    alone = load_page(overloaded_server(), Evidence(PREFIX, files=files, beside=False))
    assert table(alone, "sessions", "The worst first").rows[0][-1] == "—"


def test_a_lost_load_cell_is_named_with_its_reason_and_told_once() -> None:
    page = load_page(many_machines(), Evidence())
    told = [problem.text.en for problem in page.headline.problems]
    assert told == ["load cell 2 lost, 2 sessions not measured: Crashed: the worker died"]
    (row,) = table(page, "machines", "Load cells that are lost").rows
    assert row == ("2", "2", "Crashed: the worker died")
    cells = table(page, "machines", "Load cells").rows
    assert [(row[1], row[4], row[5]) for row in cells] == [
        ("voice-1", "+0.4 ms", "0 ms"),
        ("voice-3", "+3.2 ms", "+24 ms"),
    ]


def test_a_load_on_one_machine_has_no_part_on_machines() -> None:
    assert not blocks(load_page(good_load(), Evidence()), "machines")


def test_what_an_older_result_does_not_hold_is_left_out() -> None:
    result = good_load()
    older = result.model_copy(update={"figures": result.figures.model_copy(update={"course": ()})})
    assert load_course_plot(result) is not None
    assert load_course_plot(older) is None
    search = found_limit()
    plot = next(
        one
        for one in blocks(capacity_page(search.model_copy(update={"thresholds": {}}), Evidence()), "plots")
        if isinstance(one, Plot)
    )
    assert "between 13 and 14 sessions" in plot.alternative.en


def test_of_very_many_sessions_the_slowest_of_neighbours_is_drawn_and_the_worst_always() -> None:
    result = good_load()
    one = result.sessions[0]
    many = tuple(one.model_copy(update={"session": number}) for number in range(1, 2001))
    plot = session_plot(result.model_copy(update={"sessions": many}), many[1234])
    assert plot is not None
    assert "Of 7 neighbouring sessions the slowest one is drawn." in plot.alternative.en
    assert any("n° 1235" in entry.text.fr for entry in plot.legend)
    assert len(plot.svg) < 300_000


def test_files_of_very_many_sessions_are_not_all_listed() -> None:
    names = [f"session-{number:03d}/received.wav" for number in range(1, 200)] + ["results.json"]
    evidence = Evidence(PREFIX, files=tuple(EvidenceFile(name, 1) for name in names))
    html = page_html(load_page(good_load(), evidence))
    assert 'href="results.json"' in html
    assert html.count("/received.wav</a>") == 99
    assert "and 100 more, which the manifest.json names" in html


def test_a_load_cell_says_that_it_is_a_share_of_a_load() -> None:
    run = load_reports.run_info("load-cell", parameters={"load": PREFIX, "cell": 2})
    (block,) = blocks(load_page(good_load().model_copy(update={"run": run}), Evidence()), "repeat")
    assert isinstance(block, Paragraph)
    assert "share of a load" in block.text.en


def test_a_step_is_linked_by_the_run_that_its_evidence_names() -> None:
    page = capacity_page(found_limit(), Evidence(PREFIX))
    rows = table(page, "steps", "In the order in which they were tried").rows
    links = [row[-1] for row in rows]
    assert links[0] == Link(
        "20261123T060401Z-8cfe42",
        "../../../../runs/2026-11-23/load/20261123T060401Z-8cfe42/report.html",
    )
    refused = capacity_page(limit_of_the_tester(), Evidence(PREFIX))
    assert table(refused, "steps", "In the order in which they were tried").rows[2][-1] == Link("—")
