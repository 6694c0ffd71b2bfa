"""Finding libespeak-ng and handing it to pyttsx3."""

from __future__ import annotations

import ctypes
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from eloquence_pipeline.errors import SynthesisError

INSTALL_REMEDY = (
    "install the Python packages pyttsx3 and espeakng-loader, "
    "or the system package of eSpeak NG (Debian: libespeak-ng1, Fedora: espeak-ng, Homebrew: espeak-ng)"
)

_SYSTEM_NAME = "libespeak-ng.so.1"
_RETURN_ERRORS_INSTEAD_OF_EXITING = 0x8000
"""``espeakINITIALIZE_DONT_EXIT``: without it the library ends the process when its data is missing."""


class Driver(NamedTuple):
    """pyttsx3, its espeak driver and the native functions below that (none of them has types)."""

    pyttsx3: Any
    espeak: Any
    native: Any


def no_engine(reason: object) -> SynthesisError:
    """Return the error that says that nothing can speak here."""
    return SynthesisError(f"Moteur TTS non disponible: {reason}", remedy=INSTALL_REMEDY)


def load_driver() -> Driver:
    """Load libespeak-ng, the system's own first, and pyttsx3's driver on top of it.

    Raises
    ------
    SynthesisError
        If there is no library, or pyttsx3 is missing or cannot use it.
    """
    data_path = None if _on_system() else _load_bundled()
    try:
        pyttsx3: Any = import_module("pyttsx3")
        native: Any = import_module("pyttsx3.drivers._espeak")
        espeak: Any = import_module("pyttsx3.drivers.espeak")
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise no_engine(error) from None
    _tame(espeak, native, data_path)
    return Driver(pyttsx3, espeak, native)


def _on_system() -> bool:
    try:
        ctypes.CDLL(_SYSTEM_NAME, ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True


def _load_bundled() -> Path | None:
    # Once a library with this soname is in the process, pyttsx3's own search by name finds it.
    try:
        loader: Any = import_module("espeakng_loader")
        ctypes.CDLL(str(loader.get_library_path()), ctypes.RTLD_GLOBAL)
        data_path = Path(str(loader.get_data_path()))
    except ImportError:
        return None  # pyttsx3 knows further places, on macOS above all
    except (OSError, RuntimeError) as error:
        raise no_engine(error) from None
    if not (data_path / "phontab").is_file():
        raise no_engine(f"{data_path} holds no voice data of eSpeak NG")
    return data_path


def _tame(espeak: Any, native: Any, data_path: Path | None) -> None:
    # The driver initialises with defaults that end the process on an error, and prints each file it writes.
    def initialise(output: int, buffer_ms: int) -> int:
        path = str(data_path).encode() if data_path else None
        rate_hz = int(native_initialise(output, buffer_ms, path, _RETURN_ERRORS_INSTEAD_OF_EXITING))
        # Where its data are missing the library only prints that, and has no rate; the driver asks for -1.
        return rate_hz if rate_hz > 0 else -1

    def print_nothing(*_values: object) -> None:
        pass

    native_initialise = native.Initialize
    native.Initialize = initialise
    espeak.print = print_nothing
