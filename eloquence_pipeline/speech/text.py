"""What may be handed to the engine."""

from __future__ import annotations

import unicodedata

from eloquence_pipeline.errors import ConfigurationError

MAX_CHARACTERS = 2000
"""Some two minutes of speech."""

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
    """
    spoken = unicodedata.normalize("NFC", " ".join(text.split()))
    if not spoken:
        raise ConfigurationError("a phrase is empty", remedy="give a text with at least one word")
    if len(spoken) > MAX_CHARACTERS:
        raise ConfigurationError(
            f"a phrase has {len(spoken)} characters, at most {MAX_CHARACTERS} are spoken at once",
            remedy="split it into several phrases",
        )
    for position, character in enumerate(spoken):
        kind = _NOT_TEXT.get(unicodedata.category(character))
        if kind:
            raise ConfigurationError(
                f"a phrase holds {kind}, U+{ord(character):04X}, at position {position}", remedy="remove it"
            )
    return spoken
