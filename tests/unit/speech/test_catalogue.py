from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.speech import load_catalogue

pytestmark = pytest.mark.unit

CATEGORIES = {
    "greetings": "salutations",
    "coaching": "coaching",
    "technical_short": "techniques courtes",
    "very_short": "très courtes",
}


def write_catalogue(folder: Path, **changes: Any) -> Path:
    content = {
        "format": "eloquence-phrases",
        "version": 1,
        "language": "fr",
        "categories": {"custom": {"title": "les miennes", "phrases": ["Votre phrase ici", "Une autre"]}},
    }
    path = folder / "mine.json"
    path.write_text(json.dumps(content | changes), encoding="utf-8")
    return path


@pytest.mark.parametrize(("category", "title"), CATEGORIES.items())
def test_every_category_has_a_dozen_phrases_and_a_french_title(category: str, title: str) -> None:
    catalogue = load_catalogue()
    assert catalogue.title(category) == title
    assert len(catalogue.phrases(category)) >= 12


def test_phrases_are_real_french() -> None:
    text = " ".join(phrase.text for phrase in load_catalogue().phrases())
    assert unicodedata.is_normalized("NFC", text)
    assert set("éèêàçôî") <= set(text.lower())
    assert "?" in text
    assert any(character.isdigit() for character in text)


def test_short_categories_are_shorter_than_the_long_ones() -> None:
    catalogue = load_catalogue()

    def longest(category: str) -> int:
        return max(len(phrase.text) for phrase in catalogue.phrases(category))

    assert longest("very_short") < longest("technical_short") < longest("coaching")


def test_no_phrase_stands_in_two_categories() -> None:
    texts = [phrase.text for phrase in load_catalogue().phrases()]
    assert len(set(texts)) == len(texts)


def test_categories_come_in_the_order_they_are_asked_for() -> None:
    phrases = load_catalogue().phrases("coaching", "greetings")
    assert list(dict.fromkeys(phrase.category for phrase in phrases)) == ["coaching", "greetings"]


def test_unknown_category_names_the_nearest_and_all_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="'greeting'") as caught:
        load_catalogue().phrases("greeting")
    assert "did you mean 'greetings'?" in caught.value.remedy
    assert all(category in caught.value.remedy for category in CATEGORIES)
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_file_of_the_users_own_is_read(tmp_path: Path) -> None:
    catalogue = load_catalogue(write_catalogue(tmp_path))
    assert [phrase.text for phrase in catalogue.phrases("custom")] == ["Votre phrase ici", "Une autre"]


@pytest.mark.parametrize(
    ("categories", "problem"),
    [
        ({}, "at least 1"),
        ({"custom": {"title": "x", "phrases": []}}, "at least 1"),
        ({"custom": {"title": "x", "phrases": ["  "]}}, "empty"),
        ({"custom": {"title": "x", "phrases": ["a\u0007"]}}, "control character"),
        ({"custom": {"title": "x", "phrases": ["a", "a"]}}, "more than once"),
        ({"custom": {"titel": "x", "phrases": ["a"]}}, "title"),
    ],
)
def test_malformed_catalogue_says_where_and_what(tmp_path: Path, categories: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        load_catalogue(write_catalogue(tmp_path, categories=categories))
    assert "mine.json" in caught.value.message


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]"])
def test_what_is_no_catalogue_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"mine\.json"):
        load_catalogue(path)


def test_missing_catalogue_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_catalogue(tmp_path / "none.json")
