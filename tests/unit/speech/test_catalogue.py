from __future__ import annotations

import unicodedata

import pytest

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.text import spoken_text

pytestmark = pytest.mark.unit

CATEGORIES = {
    "greetings": "salutations",
    "coaching": "coaching",
    "technical_short": "techniques courtes",
    "very_short": "très courtes",
}


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


def test_categories_come_in_the_order_they_are_asked_for() -> None:
    phrases = load_catalogue().phrases("coaching", "greetings")
    assert list(dict.fromkeys(phrase.category for phrase in phrases)) == ["coaching", "greetings"]


def test_unknown_category_names_the_nearest_and_all_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="'greeting'") as caught:
        load_catalogue().phrases("greeting")
    assert "did you mean 'greetings'?" in caught.value.remedy
    assert all(category in caught.value.remedy for category in CATEGORIES)
    assert caught.value.exit_code == ExitCode.USAGE


def test_built_in_phrases_can_be_spoken_and_none_is_said_twice() -> None:
    texts = [spoken_text(phrase.text) for phrase in load_catalogue().phrases()]
    assert len(set(texts)) == len(texts)
    assert all(phrase.recording is None for phrase in load_catalogue().phrases())
