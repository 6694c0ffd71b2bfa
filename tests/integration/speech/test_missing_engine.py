"""What is said where nothing can speak; each in a process of its own, since engines cannot be unloaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import espeakng_loader  # pyright: ignore[reportMissingTypeStubs]
import pytest

pytestmark = pytest.mark.integration

HIDE_SYSTEM_LIBRARY = """
import ctypes
real, bundled = ctypes.CDLL.__init__, []
def only_bundled(self, name, *args, **options):
    if "espeak" in str(name) and "espeakng_loader" in str(name):
        bundled.append(name)
    if "espeak" in str(name) and not bundled:
        raise OSError(f"{name}: cannot open shared object file")
    real(self, name, *args, **options)
ctypes.CDLL.__init__ = only_bundled
"""
HIDE = "import sys\nsys.modules[{module!r}] = None\n"
SPEAK = """
import sys
from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
try:
    synthesizer = VoiceSynthesizer(sys.argv[1])
    clip = synthesizer.synthesise(Phrase(text="Bonjour à tous.", category="custom"))
    print("spoken" if 0.5 < clip.duration_seconds < 3 else clip)
except EloquenceError as error:
    print(type(error).__name__, int(error.exit_code), error)
"""


LIBRARY_FOLDER = str(Path(str(espeakng_loader.get_library_path())).parent)
DATA_FOLDER = str(espeakng_loader.get_data_path())


def run(script: str, folder: Path, **environment: str) -> tuple[str, str]:
    process = subprocess.run(
        [sys.executable, "-c", script + SPEAK, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout, process.stderr


@pytest.mark.parametrize(
    "script",
    [HIDE_SYSTEM_LIBRARY + HIDE.format(module="espeakng_loader"), HIDE.format(module="pyttsx3")],
    ids=["no library", "no pyttsx3"],
)
def test_missing_engine_is_one_clear_line_that_says_what_to_install(script: str, tmp_path: Path) -> None:
    line, native = run(script, tmp_path)
    assert line.startswith("SynthesisError 3 Moteur TTS non disponible: ")
    assert "pyttsx3" in line
    assert "espeakng-loader" in line
    assert "libespeak-ng1" in line
    assert (line.count("\n"), native) == (1, "")


def test_missing_voice_data_of_the_wheel_is_an_error(tmp_path: Path) -> None:
    script = f"import espeakng_loader\nespeakng_loader.get_data_path = lambda: {str(tmp_path)!r}\n"
    line, native = run(HIDE_SYSTEM_LIBRARY + script, tmp_path)
    assert line.startswith("SynthesisError 3 Moteur TTS non disponible: ")
    assert "voice data" in line
    assert native == ""


def test_missing_voice_data_of_the_system_does_not_end_the_process(tmp_path: Path) -> None:
    line, native = run("", tmp_path, LD_LIBRARY_PATH=LIBRARY_FOLDER, ESPEAK_DATA_PATH=str(tmp_path / "none"))
    assert line.startswith("SynthesisError 3 Moteur TTS non disponible: could not initialize espeak")
    assert "Traceback" not in native


def test_bundled_library_needs_no_system_package(tmp_path: Path) -> None:
    assert run(HIDE_SYSTEM_LIBRARY, tmp_path) == ("spoken\n", "")


def test_library_of_the_system_is_used_where_there_is_one(tmp_path: Path) -> None:
    system = {"LD_LIBRARY_PATH": LIBRARY_FOLDER, "ESPEAK_DATA_PATH": DATA_FOLDER}
    assert run(HIDE.format(module="espeakng_loader"), tmp_path, **system) == ("spoken\n", "")
