"""FLAC in the place of WAV, where the WAV file can be made again bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import soundfile

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.signal.growing_wav import HEADER_BYTES, MOST_DATA_BYTES, GrowingWav
from eloquence_pipeline.signal.wav import wav_sample_count

SUFFIX = ".flac"
_BLOCK_SAMPLES = 1 << 20
_SAMPLE_BYTES = 2


def flac_of(name: str) -> str:
    """Return what the FLAC file in the place of a WAV file is called."""
    return f"{name.removesuffix('.wav')}{SUFFIX}"


def pack(wav: Path, flac: Path) -> bool:
    """Write a mono 16-bit WAV file as FLAC, and make sure that :func:`unpack` gives the same file again.

    Parameters
    ----------
    wav
        The file; it stays.
    flac
        Where to; its folder exists.

    Returns
    -------
    bool
        Whether it gives the same file again; if not, there is no FLAC file.

    Raises
    ------
    MeasurementError
        If the file is no mono 16-bit WAV file.
    OSError
        If the folder cannot be written.
    """
    wav_sample_count(wav)
    packed, again = (wav.with_name(f".{wav.name}.{kind}") for kind in ("packed", "again"))
    try:
        with cast(Any, soundfile).SoundFile(str(wav)) as source:
            _copy_as_flac(source, packed)
        unpack(packed, again)
        if sha256_of_file(again) != sha256_of_file(wav):
            return False
        packed.replace(flac)
    finally:
        for temporary in (packed, again):
            temporary.unlink(missing_ok=True)
    return True


def _copy_as_flac(source: Any, target: Path) -> None:
    options = {"format": "FLAC", "subtype": "PCM_16", "channels": 1, "samplerate": source.samplerate}
    with cast(Any, soundfile).SoundFile(str(target), "w", **options) as file:
        while len(block := source.read(_BLOCK_SAMPLES, dtype="int16")):
            file.write(block)


def unpack(flac: Path, wav: Path, byte_count: int | None = None) -> None:
    """Write the WAV file that a FLAC file was made of.

    Parameters
    ----------
    flac, wav
        From where, and where to.
    byte_count
        Of the WAV file, where it is known: a hostile FLAC file is small and becomes huge.

    Raises
    ------
    MeasurementError
        If it is no mono 16-bit FLAC file, or becomes another one.
    OSError
        If the folder cannot be written.
    """
    try:
        with cast(Any, soundfile).SoundFile(str(flac)) as source:
            if (source.format, source.subtype, source.channels) != ("FLAC", "PCM_16", 1):
                raise MeasurementError(f"{flac} is no mono 16-bit FLAC file")
            becomes = source.frames * _SAMPLE_BYTES + HEADER_BYTES
            if becomes > MOST_DATA_BYTES or byte_count not in {None, becomes}:
                raise MeasurementError(f"{flac} would become another file than the one that was recorded")
            growing = GrowingWav(wav, source.samplerate)
            try:
                while len(block := source.read(_BLOCK_SAMPLES, dtype="int16")):
                    growing.append(block.astype("<i2").tobytes())
            finally:
                growing.close()
    except soundfile.LibsndfileError as error:
        raise MeasurementError(f"{flac} cannot be read as audio: {error.error_string}") from None
