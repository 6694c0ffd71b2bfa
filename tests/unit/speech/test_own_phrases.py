"""Phrases of the user's own, and what is said where something is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.settings import OwnCategories, PhraseSettings, RecordedPhrase
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.own_phrases import own_categories

pytestmark = pytest.mark.unit

TEXT = "Votre phrase personnalisée ici"
EXAMPLES = Path(__file__).parents[3] / "examples" / "phrases.json"


def of_file(folder: Path, content: Any) -> dict[str, tuple[Phrase, ...]]:
    path = folder / "mine.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return own_categories(PhraseSettings(file=path))


def of_configuration(categories: OwnCategories) -> dict[str, tuple[Phrase, ...]]:
    return own_categories(PhraseSettings(categories=categories))


def recording(path: Path, seconds: float = 0.5) -> Path:
    path.parent.mkdir(exist_ok=True)
    cast(Any, soundfile).write(str(path), np.sin(np.arange(round(seconds * 16_000)) / 8), 16_000)
    return path


def test_own_phrases_stand_beside_the_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({"custom": [TEXT, "Une autre"]}))
    catalogue = load_catalogue(PhraseSettings(file=tmp_path / "mine.json", categories={"brief": ("Oui.",)}))
    assert [phrase.text for phrase in catalogue.phrases("custom")] == [TEXT, "Une autre"]
    assert catalogue.phrases("brief") == (Phrase(text="Oui.", category="brief"),)
    assert catalogue.title("custom") == "custom"
    assert catalogue.phrases("greetings") == load_catalogue().phrases("greetings")


def test_a_later_category_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({"greetings": ["Du fichier"], "custom": ["Du fichier"]}))
    settings = PhraseSettings(file=tmp_path / "mine.json", categories={"custom": ("Du réglage",)})
    catalogue = load_catalogue(settings)
    assert [phrase.text for phrase in catalogue.phrases("greetings", "custom")] == [
        "Du fichier",
        "Du réglage",
    ]
    assert len(load_catalogue().phrases("greetings")) > 12


def test_recordings_are_found_beside_the_file_that_names_them(tmp_path: Path) -> None:
    path = recording(tmp_path / "voix" / "a.flac")
    entries = [{"text": TEXT, "audio": "voix/a.flac"}, {"text": "La même", "audio": str(path)}, TEXT]
    found = of_file(tmp_path, {"custom": entries})
    assert [phrase.recording for phrase in found["custom"]] == [path, path, None]


def test_recordings_of_the_configuration_are_found_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recording(tmp_path / "a.wav")
    monkeypatch.chdir(tmp_path)
    found = of_configuration({"custom": (RecordedPhrase(text=TEXT, audio=Path("a.wav")),)})
    assert found["custom"] == (Phrase(text=TEXT, category="custom", recording=path),)


def test_two_people_can_say_the_same(tmp_path: Path) -> None:
    entries = [{"text": TEXT, "audio": recording(tmp_path / name).name} for name in ("a.wav", "b.wav")]
    assert len(of_file(tmp_path, {"custom": entries})["custom"]) == 2


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{\r\n  "custom": ["\xc3\xa9t\xc3\xa9"]\r\n}\r\n'
    assert of_file(tmp_path, content)["custom"][0].text == "été"


def test_the_example_is_good() -> None:
    found = own_categories(PhraseSettings(file=EXAMPLES))
    assert len(found) >= 2
    assert all(len(phrases) >= 3 for phrases in found.values())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "line 1, column 1: is no JSON"),
        (b'{"custom": [\n  "a",\n]}', r"line 3, column 1: is no JSON"),
        (b'{"custom": ["a"]\n "b": []}', "line 2, column 2: is no JSON"),
        (b'{"custom": [\n  "NaN {", NaN]}', "line 2, column 12: is no JSON: NaN"),
        (b'{"custom": ["a", -Infinity]}', "column 18: is no JSON: -Infinity"),
        (b'{"custom": ["a"],\n "custom": ["b"]}', "line 2, column 2: has 'custom' twice"),
        (b'{"c": [{"text": "a", "audio": "b", "te\\u0078t": "c"}]}', "column 36: has 'text' twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"custom": ' + b"9" * 5000 + b"}", "cannot be read"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b'{"custom": ["\xe9t\xe9"]}', "byte 13"),
        (b" " * (1024 * 1024 + 1), "1024 KiB"),
        ([], "no object of categories"),
        ({}, "no object of categories"),
        ({"custom": TEXT}, "category 'custom' is no list"),
        ({"custom": []}, "category 'custom' holds no phrase"),
        ({"custom": ["a", 3]}, "phrase 2 is neither a text"),
        ({"custom": [None]}, "phrase 1 is neither a text"),
        ({"custom": ["a", "  "]}, "phrase 2: a phrase is empty"),
        ({"custom": ["?!"]}, "phrase 1: .*nothing that can be said"),
        ({"custom": ["a" * 10_000]}, "10000 characters"),
        ({"custom": ["a\u0007"]}, "control character, U\\+0007"),
        ({"custom": ["a\ud83d"]}, "U\\+D83D"),
        ({"custom": ["a", " a "]}, "phrase 2: ' a ' stands there more than once"),
        ({"custom": [{"text": "a", "audoi": "b"}]}, "unknown key 'audoi'"),
        ({"custom": [{"text": "a"}]}, "needs a 'audio'"),
        ({"custom": [{"text": "", "audio": "b"}]}, "needs a 'text'"),
        ({"custom": [{"text": "a", "audio": 3}]}, "needs a 'audio'"),
        ({"custom": [{"text": "a\n\u0000", "audio": "b"}]}, "control character"),
        ({"": ["a"]}, "name of a category is empty"),
        ({" \u00a0": ["a"]}, "name of a category is empty"),
        ({"a\n": ["a"]}, "name of a category holds a control character"),
        ({"a\ud83d": ["a"]}, "name of a category holds half"),
        ({"n" * 61: ["a"]}, "61 characters"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(tmp_path: Path, content: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        of_file(tmp_path, content)
    assert "mine.json" in caught.value.message
    assert caught.value.remedy
    assert caught.value.exit_code == ExitCode.USAGE
    assert str(caught.value).isprintable()


def test_what_is_wrong_with_the_configuration_is_said_with_its_place() -> None:
    with pytest.raises(ConfigurationError, match=r"phrases\.categories, category 'custom', phrase 1"):
        of_configuration({"custom": ("\x1b",)})


@pytest.mark.parametrize("name", ["none.json", ".", "x" * 300])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="the file of phrases"):
        own_categories(PhraseSettings(file=tmp_path / name))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.wav", "No such file"),
        (".", "a folder"),
        ("text.wav", "cannot be read as sound"),
        ("empty.wav", "empty file"),
        ("short.wav", "0.050 s"),
        ("long.wav", "61.0 s"),
    ],
)
def test_a_recording_that_is_none_is_found_when_phrases_are_loaded(
    tmp_path: Path, name: str, problem: str
) -> None:
    (tmp_path / "text.wav").write_text("Bonjour")
    (tmp_path / "empty.wav").touch()
    recording(tmp_path / "short.wav", 0.05)
    recording(tmp_path / "long.wav", 61)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        of_file(tmp_path, {"custom": [TEXT, {"text": TEXT, "audio": name}]})
    assert "category 'custom', phrase 2" in caught.value.message
    assert str(tmp_path / name) in caught.value.message
