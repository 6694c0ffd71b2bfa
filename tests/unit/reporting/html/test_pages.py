"""A report holds everything itself, says everything in both languages, and lets nothing in it act."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from eloquence_pipeline.models import Axis, MatrixResult, ScenarioResult
from eloquence_pipeline.redaction import REDACTED
from eloquence_pipeline.reporting.html import (
    Evidence,
    EvidenceFile,
    Language,
    PhraseSound,
    matrix_page,
    page_html,
    reconnection_page,
    run_page,
    suite_page,
)
from eloquence_pipeline.reporting.html.sound import PLAYED_HZ, sound_data
from tests.disturbed import reconnection
from tests.golden.results import golden
from tests.page_elements import Elements
from tests.reports import GOLDEN, PREFIX, matrix, overloaded, slow, suite, with_everything
from tests.simulated import babble
from tests.texts_of_others import with_texts

pytestmark = pytest.mark.unit

HARMLESS = "mot"
HOSTILE = (
    '"></style></script><script>alert(1)</script><img src=x onerror=alert(1)>',
    "'><!--]]></text></svg><svg onload=alert(1)> {{ 7 * 7 }}{% raw %} &lt;b&gt;",
)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzcGVha2VyIn0.c2lnbmF0dXJl"
EVIDENCE = Evidence(
    PREFIX, files=(EvidenceFile("results.json", 20_000), EvidenceFile("received.wav", 2_000_000))
)


def sounds() -> list[PhraseSound]:
    sent = babble(1, 1.0)
    return [PhraseSound(1, sent, np.roll(sent, 5), 48_000, 0.3), PhraseSound(2, sent, sent[:0], 48_000, 0.3)]


def run_html(result: ScenarioResult, language: Language = "") -> str:
    return page_html(run_page(result, sounds(), EVIDENCE), language)


def matrix_html(result: MatrixResult) -> str:
    series = {axis: [(float(place), cell.result) for place, cell in enumerate(result.cells)] for axis in Axis}
    return page_html(matrix_page(result, series, "20261122T120000Z-abcdef", EVIDENCE))


KINDS: dict[str, Callable[[], str]] = {
    **{name: (lambda name=name: run_html(golden(name))) for name in GOLDEN},
    "slow": lambda: run_html(slow()),
    "overloaded": lambda: run_html(overloaded()),
    "with everything": lambda: run_html(with_everything()),
    "reconnect": lambda: page_html(reconnection_page(reconnection(), EVIDENCE)),
    "network": lambda: matrix_html(matrix()),
    "suite": lambda: page_html(suite_page(suite(), EVIDENCE)),
}
PAGES: dict[str, str] = {}


@pytest.fixture(params=KINDS)
def html(request: pytest.FixtureRequest) -> str:
    """The report of each kind of evidence, drawn once."""
    if request.param not in PAGES:
        PAGES[request.param] = KINDS[request.param]()
    return PAGES[request.param]


def test_a_report_asks_for_nothing_from_anywhere(html: str) -> None:
    page = Elements(html)
    addresses = [address for address in page.addresses if not address.startswith(("#", "data:"))]
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", address) for address in addresses)
    assert {element.tag for element in page.elements}.isdisjoint(
        {"link", "iframe", "object", "embed", "form"}
    )
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_the_reports_own_script_and_no_other(html: str) -> None:
    page = Elements(html)
    (script,) = page.scripts
    (policy,) = (
        element.attributes["content"]
        for element in page.elements
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = [rule.strip().partition(" ") for rule in policy.split(";")]
    rules = {name: allowed for name, _, allowed in parts}
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert all("http" not in allowed and "*" not in allowed for allowed in rules.values())


def test_names_on_a_page_are_given_once_and_what_they_refer_to_is_there(html: str) -> None:
    page = Elements(html)
    names = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(names) == len(set(names))
    wanted = {address[1:] for address in page.addresses if address.startswith("#")}
    wanted |= {
        name for element in page.elements for name in element.attributes.get("aria-labelledby", "").split()
    }
    wanted |= set(re.findall(r"url\(#([^)]+)\)", html))
    assert wanted <= set(names)


def test_both_languages_are_there_and_nothing_is_said_of_python(html: str) -> None:
    said = " ".join(Elements(html).texts)
    assert html.count('<span lang="fr">') == html.count('<span lang="en">') > 0
    assert not re.search(r"\bNone\b|\bnan\b|Text\(|Undefined", said)


def test_every_drawing_has_a_title_a_sentence_and_no_colour_of_its_own(html: str) -> None:
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        assert 'role="img"' in svg
        assert re.search(r'aria-labelledby="\S+-title \S+-text"', svg)
        assert not re.search(r"#0102\d", svg)
        assert not re.search(r"(fill|stroke): #(?!ffffff)[0-9a-f]{6}", svg)


def with_text(text: str) -> Elements:
    return Elements(page_html(run_page(with_texts(golden("several"), text), [], EVIDENCE)))


@pytest.fixture(scope="module")
def harmless() -> Elements:
    return with_text(HARMLESS)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_anything_but_text(harmless: Elements, text: str) -> None:
    hostile = with_text(text)
    assert hostile.skeleton == harmless.skeleton
    assert hostile.scripts == harmless.scripts
    assert not any(name.startswith("on") for element in hostile.elements for name in element.attributes)
    assert any(text in said for said in hostile.texts)
    assert "49" not in "".join(said for said in hostile.texts if "{{" in said or said == "49")


def test_no_text_of_a_suite_becomes_anything_but_text() -> None:
    def of(text: str) -> Elements:
        record = suite()
        part = record.parts["basic"].model_copy(update={"result": with_texts(golden("clean"), text)})
        hostile = record.model_copy(update={"parts": {**record.parts, text: part}, "errors": {text: text}})
        return Elements(page_html(suite_page(hostile, EVIDENCE)))

    assert of(HOSTILE[0]).skeleton == of(HARMLESS).skeleton


def test_a_token_is_taken_out_of_every_text_and_the_sound_stays() -> None:
    html = run_html(with_texts(golden("clean"), TOKEN))
    assert not any(part in html for part in TOKEN.split("."))
    assert REDACTED in html
    assert sound_data(sounds()[0].sent, 48_000) in html


@pytest.mark.parametrize(("language", "word"), [("fr", "RÉUSSI"), ("en", "PASSED")])
def test_the_language_that_is_asked_for_is_shown_first(language: Language, word: str) -> None:
    html = run_html(golden("clean"), language)
    page = Elements(html)
    (checked,) = (element for element in page.elements if "checked" in element.attributes)
    assert checked.attributes["id"] == f"language-{language}"
    assert f"<title>{word}" in html
    assert f'<html lang="{language}"' in html


def test_sound_is_played_by_every_browser_and_is_what_was_recorded() -> None:
    samples = babble(3, 0.5)
    kind, _, encoded = sound_data(samples, 48_000).partition(",")
    assert kind == "data:audio/flac;base64"
    played, rate = cast(Any, soundfile).read(io.BytesIO(base64.b64decode(encoded)), dtype="int16")
    assert (rate, played.shape) == (PLAYED_HZ, (samples.size // 2,))
    whole = samples.reshape(-1, 2).mean(axis=1)
    assert np.corrcoef(whole, played)[0, 1] > 0.95


def test_a_phrase_of_which_nothing_was_recorded_has_no_player() -> None:
    page = Elements(run_html(golden("lossy")))
    assert len([element for element in page.elements if element.tag == "audio"]) == 3


@pytest.mark.parametrize(
    "missing",
    [
        {"quality": None},
        {"phrases": ()},
        {"events": (), "attempts": ()},
        {"speakers": ()},
        {"baseline": None, "network": None, "course": None},
    ],
    ids=",".join,
)
def test_what_there_is_no_data_of_is_left_out(missing: dict[str, Any]) -> None:
    result = with_everything().model_copy(update=missing)
    assert "<h1" in page_html(run_page(result, [], EVIDENCE))


def test_a_run_of_which_nothing_is_known_has_a_report() -> None:
    result = golden("unheard")
    bare = result.model_copy(
        update={
            "phrases": (),
            "packets_sent": 0,
            "packets_received": 0,
            "loss": result.loss.model_copy(update={"timelines": (), "gaps": ()}),
            "budget": result.budget.model_copy(update={"median": None, "bottleneck": None, "network": None}),
            "verdict": result.verdict.model_copy(update={"figures": (), "reasons": ()}),
        }
    )
    html = page_html(run_page(bare, [], Evidence()))
    assert "Rien n'a été dit" in html.replace("&#39;", "'")


def test_a_report_without_sound_is_small() -> None:
    html = page_html(run_page(with_everything(), [], EVIDENCE))
    assert len(html) < 200_000
    assert "n'a pas été gardé" in html.replace("&#39;", "'")


def test_only_names_of_the_pipeline_become_links_to_other_reports() -> None:
    calls = tuple(one.model_copy(update={"run_id": "../../etc/passwd"}) for one in reconnection().calls)
    page = Elements(
        page_html(reconnection_page(reconnection().model_copy(update={"calls": calls}), EVIDENCE))
    )
    assert not any("passwd" in address for address in page.addresses)
