from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.speech.text import MAX_CHARACTERS, spoken_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u202f"])
def test_nothing_to_say_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        spoken_text(text)


@pytest.mark.parametrize("text", ["?!", "…", "« — »", "\u200b", "'"])
def test_punctuation_alone_is_nothing_to_say(text: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing that can be said"):
        spoken_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "« Où ? », dit-elle\u202f; puis… l’œuvre — n°\u00a04 !",
        "Bravo 👏",
        "👍",
        "%",
        "5",
        "مرحبا بكم",
        "<break time='3s'/>",
        "[[b0Z'ur]]",
    ],
)
def test_what_can_be_said_is_left_as_it_is(text: str) -> None:
    assert spoken_text(text).split() == text.split()


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x1b", "\x7f", "\x9b"])
def test_engine_commands_cannot_be_smuggled_in(character: str) -> None:
    with pytest.raises(ConfigurationError, match="control character"):
        spoken_text(f"Bonjour {character}50P à tous")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="U\\+D83D"):
        spoken_text("Bonjour \ud83d")


def test_lines_and_runs_of_blanks_become_one_blank() -> None:
    assert spoken_text("  Respirez.\n\tSoufflez.  ") == "Respirez. Soufflez."


def test_accents_are_composed() -> None:
    assert spoken_text("e\u0301te\u0301") == "été"


def test_a_whole_book_is_refused() -> None:
    assert spoken_text("a" * MAX_CHARACTERS)
    with pytest.raises(ConfigurationError, match="split"):
        spoken_text("a" * (MAX_CHARACTERS + 1))


@given(st.text(max_size=100))
def test_any_text_is_either_speakable_or_a_configuration_error(text: str) -> None:
    try:
        spoken = spoken_text(text)
    except ConfigurationError:
        return
    assert spoken.strip() == spoken != ""
    assert spoken.encode()
    assert spoken_text(spoken) == spoken
