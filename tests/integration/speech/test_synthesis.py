"""The real engine speaks."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from eloquence_pipeline.errors import ConfigurationError, ExitCode, SynthesisError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.models import Clip, Phrase
from eloquence_pipeline.settings import SpeechSettings
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
from eloquence_pipeline.speech.text import MAX_CHARACTERS

pytestmark = pytest.mark.integration

PHRASE = Phrase(text="Respirez lentement, puis reprenez depuis le début.", category="coaching")
MARGIN = round(0.020 * 48_000)


def speak(folder: Path, text: str, **speech: object) -> Clip:
    settings = SpeechSettings.model_validate(speech)
    return VoiceSynthesizer(folder, speech=settings).synthesise(Phrase(text=text, category="custom"))


def speak_in_a_process(folder: str, clips: str) -> None:
    clip = VoiceSynthesizer(folder).synthesise(PHRASE)
    Path(clips, f"{multiprocessing.current_process().pid}.json").write_text(clip.model_dump_json())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Every phrase of the catalogue, freshly synthesised."""
    synthesizer = VoiceSynthesizer(tmp_path_factory.mktemp("phrases"))
    return [synthesizer.synthesise(phrase) for phrase in load_catalogue().phrases()]


def test_every_phrase_becomes_a_mono_48_khz_file_with_its_own_sha256(clips: list[Clip]) -> None:
    for clip in clips:
        samples, rate_hz = read_wav(clip.audio_path)
        assert (rate_hz, samples.size) == (48_000, clip.sample_count)
        assert clip.sample_rate_hz == 48_000
        assert sha256_of_file(clip.audio_path) == clip.audio_sha256
        assert not clip.from_cache


def test_durations_are_those_of_speech(clips: list[Clip]) -> None:
    for clip in clips:
        assert 0.3 < clip.duration_seconds < 8, clip.phrase.text
    # 150 words a minute; numbers are said with more letters than are written.
    per_character = [clip.duration_seconds / len(clip.phrase.text) for clip in clips]
    assert 0.05 < float(np.median(per_character)) < 0.11


def test_no_phrase_is_clipped_or_too_quiet(clips: list[Clip]) -> None:
    for clip in clips:
        peak = np.max(np.abs(read_wav(clip.audio_path)[0].astype(int))) / 32_768
        assert 0.1 < peak < 0.95, clip.phrase.text


def test_silence_at_both_ends_is_at_most_20_ms(clips: list[Clip]) -> None:
    for clip in clips:
        loudness = np.abs(read_wav(clip.audio_path)[0].astype(int))
        audible = np.flatnonzero(loudness > loudness.max() * 0.003)
        assert audible[0] < MARGIN + 480, clip.phrase.text
        assert loudness.size - audible[-1] < MARGIN + 480, clip.phrase.text


def test_generation_time_is_plausible(clips: list[Clip]) -> None:
    assert all(0 < clip.generation_ms < 5000 for clip in clips)
    assert np.median([clip.generation_ms for clip in clips]) < 250


def test_voice_says_who_spoke(clips: list[Clip]) -> None:
    voice = clips[0].voice
    assert voice is not None
    assert (voice.voice, voice.rate_wpm, voice.volume, voice.engine) == ("roa/fr", 150, 0.9, "espeak-ng")
    assert voice.engine_version[0].isdigit()
    assert "pyttsx3" in voice.engine_version


def test_default_voice_speaks_french(tmp_path: Path) -> None:
    # "oiseaux" is three sounds in French and is spelt out letter by letter sound in English.
    text = "Les oiseaux, monsieur, où sont-ils ?"
    french = speak(tmp_path, text).duration_seconds
    assert french == pytest.approx(speak(tmp_path, text, voice="fr").duration_seconds, rel=0.02)
    assert abs(french - speak(tmp_path, text, voice="gmw/en").duration_seconds) > 0.1


def test_rate_and_volume_are_obeyed_at_every_call(tmp_path: Path) -> None:
    slow = speak(tmp_path, PHRASE.text, rate_wpm=100)
    fast = speak(tmp_path, PHRASE.text, rate_wpm=300)
    quiet = speak(tmp_path, PHRASE.text, volume=0.2)
    loud = speak(tmp_path, PHRASE.text, volume=1.0)
    assert slow.duration_seconds > 2 * fast.duration_seconds
    peaks = [np.max(np.abs(read_wav(clip.audio_path)[0].astype(int))) for clip in (quiet, loud)]
    assert peaks[1] > 3 * peaks[0]
    assert peaks[1] < 0.95 * 32_768


def test_second_time_is_from_the_cache_with_the_original_generation_time(tmp_path: Path) -> None:
    first, second = (VoiceSynthesizer(tmp_path).synthesise(PHRASE) for _ in range(2))
    assert (first.from_cache, second.from_cache) == (False, True)
    assert second == first.model_copy(update={"from_cache": True})


def test_category_does_not_matter_to_the_cache(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path)
    synthesizer.synthesise(PHRASE)
    again = synthesizer.synthesise(PHRASE.model_copy(update={"category": "greetings"}))
    assert again.from_cache
    assert again.phrase.category == "greetings"


async def test_event_loop_goes_on_while_phrases_are_spoken(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path)
    await synthesizer.generate_audio("Un premier tour de chauffe.")
    beats: list[float] = []
    done = asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            beats.append(time.monotonic())
            await asyncio.sleep(0.002)

    pulse = asyncio.create_task(beat())
    texts = [f"Respirez {number} fois." for number in range(2, 10)]
    clips = await asyncio.gather(*(synthesizer.generate_audio(text) for text in texts))
    done.set()
    await pulse
    assert [clip.phrase.text for clip in clips] == texts
    assert all(clip.phrase.category == "custom" for clip in clips)
    assert len({clip.audio_sha256 for clip in clips}) == len(texts)
    assert len(beats) > 20


def test_threads_get_their_own_phrases(tmp_path: Path) -> None:
    texts = ["Stop.", "Une phrase nettement plus longue que la première, pour voir."] * 8
    synthesizers = [VoiceSynthesizer(tmp_path / str(number)) for number in range(len(texts))]
    with ThreadPoolExecutor(4) as pool:
        phrases = [Phrase(text=text, category="custom") for text in texts]
        spoken = list(pool.map(VoiceSynthesizer.synthesise, synthesizers, phrases))
    for text in set(texts):
        lengths = [clip.duration_seconds for clip in spoken if clip.phrase.text == text]
        assert max(lengths) - min(lengths) < 0.3


def test_processes_that_want_the_same_phrase_synthesise_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = (str(tmp_path / "phrases"), str(tmp_path))
    processes = [context.Process(target=speak_in_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    clips = [Clip.model_validate_json(path.read_text()) for path in tmp_path.glob("*.json")]
    assert sorted(clip.from_cache for clip in clips) == [False, True]
    assert len({(clip.audio_sha256, clip.generation_ms) for clip in clips}) == 1


def test_engine_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    VoiceSynthesizer(tmp_path).synthesise(PHRASE)
    assert capfd.readouterr() == ("", "")


def test_markup_is_spoken_and_not_obeyed(tmp_path: Path) -> None:
    plain = speak(tmp_path, "test").duration_seconds
    for text in (
        "<break time='9s'/> test",
        "<speak><break time='9s'/>test</speak>",
        "<audio src='a.wav'/> test",
    ):
        clip = speak(tmp_path, text)
        assert plain + 0.5 < clip.duration_seconds < 5
        assert longest_silence_seconds(clip) < 1
    slow = speak(tmp_path, "<prosody rate='x-slow'>Bonjour à tous</prosody>").duration_seconds
    assert slow == pytest.approx(
        speak(tmp_path, "<prosody rate='x-fast'>Bonjour à tous</prosody>").duration_seconds, rel=0.2
    )


def test_phoneme_codes_are_spoken_and_not_obeyed(tmp_path: Path) -> None:
    # As phonemes it would be "bonjour test", of 0.9 s; as text it is spelt out.
    spelt_seconds = speak(tmp_path, "b0Z'ur test").duration_seconds
    assert speak(tmp_path, "bonjour test").duration_seconds < 0.8 * spelt_seconds
    assert speak(tmp_path, "[[b0Z'ur]] test").duration_seconds > 0.95 * spelt_seconds


def longest_silence_seconds(clip: Clip) -> float:
    loud = np.flatnonzero(np.abs(read_wav(clip.audio_path)[0].astype(int)) > 50)
    return float(np.diff(loud).max()) / clip.sample_rate_hz


@pytest.mark.parametrize(
    "text",
    [
        "« Où ? », dit-elle\u202f; puis… l’œuvre — n°\u00a04 !",
        "Bravo 👏 !",
        "👍",
        "مرحبا بكم",
        "a\u0300 l'e\u0301cole",
        "\u200bBonjour\u200d \u202eà tous\u202c",
        "\ue000 Bonjour",
        "5 % de 1 000 €",
        "-h --version $(ls) `ls` %s %n",
    ],
)
def test_any_script_and_sign_is_spoken_within_reason(tmp_path: Path, text: str) -> None:
    assert 0.2 < speak(tmp_path, text).duration_seconds < 10


def test_the_longest_text_is_spoken_to_its_end(tmp_path: Path) -> None:
    sentence = "Respirez lentement, puis reprenez depuis le début. "
    long = (sentence * 50)[:MAX_CHARACTERS]
    once = speak(tmp_path, sentence).duration_seconds
    assert speak(tmp_path, long).duration_seconds == pytest.approx(
        once * MAX_CHARACTERS / len(sentence), rel=0.2
    )
    with pytest.raises(ConfigurationError, match="10000 characters"):
        speak(tmp_path, "a" * 10_000)


@pytest.mark.parametrize("speech", [{"rate_wpm": 80}, {"rate_wpm": 450}, {"volume": 0.05}, {"volume": 1.0}])
def test_the_bounds_of_rate_and_volume_can_be_heard(tmp_path: Path, speech: dict[str, float]) -> None:
    clip = speak(tmp_path, PHRASE.text, **speech)
    assert 0.5 < clip.duration_seconds < 10
    assert np.max(np.abs(read_wav(clip.audio_path)[0].astype(int))) > 300


@pytest.mark.parametrize("voice", ["roa/frr", "zzz", "fr+nobody"])
def test_unknown_voice_is_wrong_usage(tmp_path: Path, voice: str) -> None:
    with pytest.raises(ConfigurationError, match="no voice") as caught:
        speak(tmp_path, "Bonjour.", voice=voice)
    assert caught.value.exit_code == ExitCode.USAGE
    assert "roa/fr" in caught.value.remedy
    assert speak(tmp_path, "Bonjour.").duration_seconds > 0.3


@pytest.mark.parametrize("text", ["?!", "…"])
def test_punctuation_alone_is_wrong_usage(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing that can be said"):
        speak(tmp_path, text)


def test_a_sign_without_a_name_is_no_speech(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="silence"):
        speak(tmp_path, "=====")


async def test_empty_text_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        await VoiceSynthesizer(tmp_path).generate_audio("  ")


def test_folder_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        speak(tmp_path / "file" / "phrases", "Bonjour.")
