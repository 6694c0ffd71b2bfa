"""What a person sees in the Prefect UI in the morning, in a real browser."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Morning
from tests.browser.ui import PATIENCE_MS, Ui

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RENDERED = "image => image.complete && image.naturalWidth"


def test_progress_is_seen_while_a_run_speaks(morning: Morning) -> None:
    assert 0 < morning.shown_progress < 100


def test_the_list_of_runs_tells_what_was_missed_from_what_was_not_carried_out(
    ui: Ui, morning: Morning
) -> None:
    del morning
    ui.make_taller(1150)
    ui.open("/runs")
    for state in ("Completed", "Failed", "NotCarriedOut"):
        ui.scroll_to(state)
    ui.page.mouse.wheel(0, -5000)
    ui.shoot("runs")


def test_a_run_that_missed_a_threshold_names_figure_and_phrase(ui: Ui, morning: Morning) -> None:
    run = morning.run_in("Failed")
    ui.open(f"/runs/flow-run/{run['id']}?tab=Details")
    ui.text("🔴 basic ÉCHOUÉ: latence moyenne")
    ui.text("latence maximale")
    assert "(phrase " in run["state"]["message"]


def test_a_run_shows_the_log_lines_of_the_seed(ui: Ui, morning: Morning) -> None:
    run = morning.run_in("Failed")
    ui.open(f"/runs/flow-run/{run['id']}?tab=Logs")
    ui.text("Beginning flow run")
    ui.shoot("run", rest_seconds=5)  # the tasks over time are drawn late
    for line in ("🔗 CONNECTION | connected", "🎵 AUDIO PACKET #1", "🎧 AUDIO RECEIVED #1"):
        ui.scroll_to(line)
    ui.shoot("logs")


def test_a_run_that_was_not_carried_out_says_what_to_do(ui: Ui, morning: Morning) -> None:
    run = morning.run_in("NotCarriedOut")
    ui.open(f"/runs/flow-run/{run['id']}?tab=Details")
    ui.text("⚫ basic NON RÉALISÉ: ")
    ui.text("check LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
    assert "basic-verdict" not in morning.artifacts_of(run)


def test_the_report_shows_verdict_figures_and_the_picture(ui: Ui, morning: Morning) -> None:
    report = morning.artifacts_of(morning.run_in("Failed"))["basic-verdict"]
    ui.open(f"/artifacts/artifact/{report['id']}")
    expect(ui.page.get_by_role("heading", name="basic ÉCHOUÉ")).to_be_visible()
    ui.text("≤ 500 ms")
    ui.shoot("verdict")
    picture = ui.page.locator("img[src^='data:image/png']")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate(RENDERED) == 900
    ui.shoot("picture")


def test_the_report_of_a_good_run_compares_it_with_the_nights_before(ui: Ui, morning: Morning) -> None:
    report = morning.artifacts_of(morning.run_in("Completed"))["basic-verdict"]
    ui.open(f"/artifacts/artifact/{report['id']}")
    expect(ui.page.get_by_role("heading", name="basic RÉUSSI")).to_be_visible()
    ui.scroll_to("7 dernières bonnes nuits")
    ui.scroll_to("D'habitude")
    ui.shoot("nights")


def test_the_picture_alone_is_loaded_from_the_store(ui: Ui, morning: Morning) -> None:
    picture = morning.artifacts_of(morning.run_in("Failed"))["basic-plot"]
    ui.open(f"/artifacts/artifact/{picture['id']}")
    shown = ui.page.get_by_alt_text("artifact-image")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    assert (shown.get_attribute("src") or "").startswith("http://127.0.0.1:")
    assert shown.evaluate(RENDERED) == 900
    ui.text("valables jusqu'au")


def test_every_phrase_has_a_row(ui: Ui, morning: Morning) -> None:
    table = morning.artifacts_of(morning.run_in("Failed"))["basic-phrases"]
    ui.open(f"/artifacts/artifact/{table['id']}")
    for title in ("Phrase", "Reçue", "Aller simple (ms)", "Bout en bout (ms)", "À écouter (s)"):
        expect(ui.page.get_by_role("columnheader", name=title, exact=True)).to_be_visible()
    assert "[object Object]" not in ui.page.inner_text("body")
    ui.shoot("phrases")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("basic-received-wav", "received.wav"),
        ("basic-report-html", "report.html"),
        ("basic-results-json", "results.json"),
    ],
)
def test_links_open_the_evidence_and_say_until_when(ui: Ui, morning: Morning, key: str, name: str) -> None:
    artifact = morning.artifacts_of(morning.run_in("Failed"))[key]
    ui.open(f"/artifacts/artifact/{artifact['id']}")
    ui.text("valables jusqu'au")
    link = ui.page.get_by_role("link", name=name)
    address = link.get_attribute("href")
    assert address is not None
    opened = ui.page.request.get(address)
    assert opened.ok
    assert opened.body() == (morning.newest_folder / name).read_bytes()


def test_the_verdict_is_an_event_that_leads_to_its_run(ui: Ui, morning: Morning) -> None:
    del morning
    ui.open("/events?" + urlencode({"events": json.dumps(["eloquence.verdict"])}))
    ui.text("eloquence.verdict")
    expect(ui.page.get_by_role("link", name="basic-12s").first).to_be_visible()
    ui.shoot("events")
