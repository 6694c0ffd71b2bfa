"""What may be handed to the engine."""

from __future__ import annotations

import unicodedata

from eloquence_pipeline.errors import ConfigurationError

MAX_CHARACTERS = 2000
"""Some two minutes of speech."""

_SPOKEN_PUNCTUATION = set("&@%*")
_NOT_TEXT = {"Cc": "a control character", "Cs": "half a surrogate pair", "Cn": "an unassigned code point"}


def spoken_text(text: str) -> str:
    """Check a text and return it as the engine gets it.

    Parameters
    ----------
    text
        What is to be said.

    Returns
    -------
    str
        In Unicode form NFC (espeak-ng spells out accents that stand by themselves), with every run of
        white space as one blank.

    Raises
    ------
    ConfigurationError
        If there is nothing to say, if the text is longer than `MAX_CHARACTERS`, or if it holds a character
        that is no text: espeak-ng obeys commands that follow a control character.

    Notes
    -----
    Markup (``<break/>``) and phoneme codes (``[[b0Z'ur]]``) are spoken as text: espeak-ng obeys them only
    when it is asked to.
    """
    spoken = unicodedata.normalize("NFC", " ".join(text.split()))
    if not spoken:
        raise ConfigurationError("a phrase is empty", remedy="give a text with at least one word")
    if len(spoken) > MAX_CHARACTERS:
        raise ConfigurationError(
            f"a phrase has {len(spoken)} characters, at most {MAX_CHARACTERS} are spoken at once",
            remedy="split it into several phrases",
        )
    refuse_control_characters(spoken, "a phrase")
    if not any(_is_spoken(character) for character in spoken):
        raise ConfigurationError(
            f"the phrase {spoken[:20]!r} holds nothing that can be said",
            remedy="give a text with at least one word",
        )
    return spoken


def refuse_control_characters(text: str, what: str) -> None:
    """Check that every character is part of a text.

    Raises
    ------
    ConfigurationError
        If one is not; it names `what` and the position.
    """
    for position, character in enumerate(text):
        kind = _NOT_TEXT.get(unicodedata.category(character))
        if kind:
            raise ConfigurationError(
                f"{what} holds {kind}, U+{ord(character):04X}, at position {position}", remedy="remove it"
            )


def _is_spoken(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNS" or character in _SPOKEN_PUNCTUATION
