"""The report of a run as a person sees it: opened from disk, on a screen and on a phone."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from eloquence_pipeline.report import ReportOptions, report_of
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import REPORT_FILE, RESULTS_FILE
from tests.browser.conftest import Morning
from tests.disturbed import reconnection
from tests.golden.results import golden
from tests.golden.runs import GOLDEN_RUNS
from tests.reports import matrix, slow, suite, with_everything

pytestmark = pytest.mark.browser

PHONE, SCREEN = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PATIENCE_MS = 10_000
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
_COLOURS = 64
Scheme = Literal["light", "dark"]


@dataclass
class Opened:
    """A report in the browser, with everything that it asked for and complained of."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    def note(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error}"))

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.requests.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


Opening = Callable[..., Opened]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of every kind, each beside its evidence."""
    results = tmp_path_factory.mktemp("reports")
    runs = {run.name: run for run in GOLDEN_RUNS}
    made: dict[str, Path] = {}
    for name, result in {
        "clean": golden("clean"),
        "lossy": with_everything(),
        "several": golden("several"),
        "unheard": golden("unheard"),
    }.items():
        folder = RunFolder.open(runs[name].write(results, seal=False))
        made[name] = _reported(folder, result.to_json())
    for name, text in {
        "network-matrix": matrix().to_json(),
        "reconnect": reconnection().to_json(),
        "suite": suite().to_json(),
    }.items():
        made[name] = _reported(RunFolder.create(results, suite().started_at, name), text)
    made["slow"] = _reported(
        RunFolder.open(runs["clean"].write(results / "slow", seal=False)), slow().to_json()
    )
    return made


def _reported(folder: RunFolder, result: str) -> Path:
    folder.write_text(RESULTS_FILE, result)
    folder.write_text(REPORT_FILE, report_of(folder.path, ReportOptions(most_sounds=2)))
    folder.seal()
    return folder.path / REPORT_FILE


@pytest.fixture
def opening(chromium: Browser, reports: dict[str, Path]) -> Generator[Opening]:
    """Open a report from disk; what it asks for, or complains of, fails the test."""
    pages: list[Opened] = []

    def opened(name: str, *, size: Any = SCREEN, scheme: Scheme = "light", locale: str = "fr-FR") -> Opened:
        page = chromium.new_page(viewport=size, color_scheme=scheme, locale=locale)
        page.set_default_timeout(PATIENCE_MS)
        found = Opened(page, reports[name].as_uri())
        found.note()
        pages.append(found)
        page.goto(found.address)
        return found

    yield opened
    for found in pages:
        found.page.close()
        assert found.complaints == []
        assert found.requests == [found.address]  # the file itself, and nothing else


KINDS = ("clean", "lossy", "several", "unheard", "network-matrix", "reconnect", "suite", "slow")


@pytest.mark.parametrize("name", KINDS)
def test_a_report_opens_without_a_network_and_fits_on_a_phone(opening: Opening, name: str) -> None:
    found = opening(name, size=PHONE)
    expect(found.page.get_by_role("heading", level=1)).to_be_visible()
    assert found.address.startswith("file://")
    # What is folded is part of it.
    found.page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    width = found.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


@pytest.mark.parametrize(
    ("name", "scheme", "locale"),
    [
        ("lossy", "light", "fr-FR"),
        ("lossy", "dark", "en-GB"),
        ("slow", "dark", "fr-FR"),
        ("network-matrix", "light", "en-GB"),
        ("reconnect", "dark", "fr-FR"),
        ("suite", "light", "en-GB"),
    ],
)
def test_a_report_is_accessible(opening: Opening, name: str, scheme: Scheme, locale: str) -> None:
    page = opening(name, scheme=scheme, locale=locale).page
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    found = cast(Any, Axe()).run(page, options=RULES)
    violations = cast(list[dict[str, Any]], found.response["violations"])
    told = [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]]) for one in violations]
    assert told == []
    assert len(found.response["passes"]) > 20


def test_what_was_sent_and_what_was_received_can_be_heard(opening: Opening) -> None:
    page = opening("clean").page
    players = page.locator("audio")
    assert players.count() == 4
    for place in (0, 1):
        player = players.nth(place)
        player.evaluate("one => one.play()")
        page.wait_for_function(
            "place => document.querySelectorAll('audio')[place].currentTime > 0.2",
            arg=place,
            timeout=PATIENCE_MS,
        )
    # The second one stopped the first.
    assert players.nth(0).evaluate("one => one.paused")
    assert players.nth(0).evaluate("one => one.duration") > 0.7


@pytest.mark.parametrize(
    ("locale", "first", "second"), [("fr-FR", "saine", "healthy"), ("en-GB", "healthy", "saine")]
)
def test_the_language_is_that_of_the_browser_until_the_other_is_chosen(
    opening: Opening, locale: str, first: str, second: str
) -> None:
    page = opening("clean", locale=locale).page
    heading = page.get_by_role("heading", level=1)
    assert (first in heading.inner_text(), second in heading.inner_text()) == (True, False)
    other = {"fr-FR": "EN", "en-GB": "FR"}[locale]
    page.locator(".switch").get_by_text(other, exact=True).click()
    assert (first in heading.inner_text(), second in heading.inner_text()) == (False, True)
    assert page.evaluate("document.documentElement.lang") == other.lower()
    assert page.title().startswith({"EN": "PASSED", "FR": "RÉUSSI"}[other])


def test_the_language_can_be_chosen_with_the_keyboard(opening: Opening) -> None:
    page = opening("clean").page
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_contain_text("healthy")


def test_drawings_speak_the_language_of_the_page(opening: Opening) -> None:
    page = opening("clean", locale="en-GB").page
    drawing = page.locator("#delay-title + ul + svg")
    assert "seconds" in drawing.inner_html()
    shown = drawing.evaluate(
        "svg => [...svg.querySelectorAll('tspan')].filter(one => getComputedStyle(one).display !== 'none')"
        ".map(one => one.textContent)"
    )
    assert "seconds" in shown
    assert "secondes" not in shown


def test_the_dark_is_dark_and_drawings_follow_it(opening: Opening) -> None:
    def colours(scheme: Scheme) -> tuple[int, str]:
        page = opening("clean", scheme=scheme).page
        picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
        brightness = cast(int, picture.resize((1, 1)).getpixel((0, 0)))
        letters = page.locator("figure svg text").first
        return brightness, letters.evaluate("one => getComputedStyle(one).fill")

    (light, ink), (dark, chalk) = colours("light"), colours("dark")
    assert light > 200
    assert dark < 80
    assert ink != chalk


def test_a_problem_leads_to_the_phrase_that_it_is_about(opening: Opening) -> None:
    page = opening("slow").page
    link = page.locator(".problems a").first
    expect(link).to_contain_text("676.8 ms")
    link.click()
    anchor = page.url.rpartition("#")[2]
    expect(page.locator(f"#{anchor}")).to_be_in_viewport()


def test_a_report_can_be_printed(opening: Opening) -> None:
    page = opening("lossy", scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".players").first.is_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize(("name", "size"), [("slow", SCREEN), ("slow", PHONE), ("reconnect", SCREEN)])
def test_what_is_wrong_is_seen_without_scrolling(opening: Opening, name: str, size: Any) -> None:
    page = opening(name, size=size).page
    for place in (".status", "h1", ".problems li"):
        expect(page.locator(place).first).to_be_in_viewport()


@pytest.mark.parametrize(("picture", "size"), [("report", SCREEN), ("report-phone", PHONE)])
def test_a_run_that_missed_its_thresholds_says_so_and_why(
    chromium: Browser, morning: Morning, pytestconfig: pytest.Config, picture: str, size: Any
) -> None:
    with chromium.new_page(viewport=size, color_scheme="light", locale="fr-FR") as page:
        page.goto((morning.newest_folder / REPORT_FILE).as_uri())
        # By its name as it is read out: the page holds the other language as well, hidden.
        expect(
            page.get_by_role("heading", level=1, name="La voix arrive trop tard", exact=True)
        ).to_be_visible()
        expect(page.locator(".blame")).to_contain_text("réseau")
        folder: Path | None = pytestconfig.getoption("--screenshots")
        if folder is not None:
            whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            flat = whole.quantize(_COLOURS, dither=Image.Dither.NONE)
            flat.save(folder / f"{picture}.png", optimize=True)
