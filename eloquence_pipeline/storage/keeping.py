"""What of a run the store is given, which is settled before it is sealed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.models import (
    Channel,
    KeptEvidence,
    KeptPhrase,
    PhraseObservation,
    Recording,
    SendRecord,
    Transmission,
)
from eloquence_pipeline.signal.flac import flac_of, pack, unpack
from eloquence_pipeline.signal.wav import read_stretch, wav_sample_count, write_wav
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.fetching import file_of_run
from eloquence_pipeline.storage.keys import file_name
from eloquence_pipeline.storage.run_files import KEPT_FILE

MARGIN_SECONDS = 0.5


def cut_phrases(
    run: RunFolder,
    transmission: Transmission,
    observed: Sequence[PhraseObservation],
    chosen: Sequence[PhraseObservation],
) -> tuple[KeptPhrase, ...]:
    """Write the sound of some phrases into files of their own, beside the recordings.

    Parameters
    ----------
    run
        Not yet sealed; its recordings are not packed.
    transmission
        What was recorded.
    observed
        What became of every phrase.
    chosen
        Which of them to write.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    MeasurementError
        If a recording cannot be read.
    """
    channels = {channel.speaker: channel for channel in transmission.channels}
    later = {speaker: _usual_offset(observed, speaker) for speaker in channels}
    return tuple(_cut(run, channels[each.speaker], each, later[each.speaker]) for each in chosen)


def leave_out(
    run: RunFolder,
    transmission: Transmission,
    keep: Literal["worst", "figures"],
    phrases: Sequence[KeptPhrase] = (),
) -> KeptEvidence:
    """Settle what the store is not given; all of it stays in the folder.

    Parameters
    ----------
    run, transmission
        As for :func:`cut_phrases`; recordings may be packed.
    keep
        The worst phrases: the store is not given the recordings, but times of frames and statistics. The
        figures alone: it is given none of these.
    phrases
        Those of which the store is given the sound.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    names: list[str] = []
    for end in (end for channel in transmission.channels for end in _ends(channel)):
        packed = flac_of(end.audio.name)
        names.append(packed if (run.path / packed).exists() else end.audio.name)
        if keep == "figures":
            names += [end.timings.name, end.statistics.name]
    kept = KeptEvidence(keep=keep, phrases=tuple(phrases), left_out=tuple(dict.fromkeys(names)))
    run.write_model(KEPT_FILE, kept)
    return kept


def pack_sound(run: RunFolder, transmission: Transmission, from_seconds: float) -> list[str]:
    """Put FLAC files in the place of long recordings; the WAV files can be made of them again bit by bit.

    Parameters
    ----------
    run, transmission
        As for :func:`keep_worst`.
    from_seconds
        Shorter recordings stay as they are.

    Returns
    -------
    list of str
        Names of the FLAC files.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    MeasurementError
        If a recording cannot be read; it stays as it is then.
    """
    packed: list[str] = []
    for end in (end for channel in transmission.channels for end in _ends(channel)):
        source, name = run.path / end.audio.name, flac_of(end.audio.name)
        if wav_sample_count(source) >= from_seconds * end.sample_rate_hz and pack(source, run.file(name)):
            source.unlink()
            packed.append(name)
    return packed


def unpack_recordings(sources: Sequence[Path], transmission: Transmission, into: Path) -> None:
    """Make the WAV files of packed recordings again, in another folder, beside links to the other files.

    Parameters
    ----------
    sources
        Folders of one run, compared with its manifest; of each file the first that has it is taken.
    transmission
        Of that run.
    into
        An empty folder.

    Raises
    ------
    StorageError
        If a file is missing, leads elsewhere, or there is no room.
    MeasurementError
        If a packed recording cannot be read.
    """
    try:
        for end in (end for channel in transmission.channels for end in _ends(channel)):
            names = (end.audio.name, end.timings.name, end.statistics.name)
            for name in dict.fromkeys(names):
                target = into / file_name(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    _place(name, sources, target, end.audio.byte_count)
    except OSError as error:
        raise StorageError(
            f"the recordings of {sources[0]} cannot be unpacked to {into}: {error.strerror}",
            remedy="make room there, or set TMPDIR to another disk",
        ) from None


def _place(name: str, sources: Sequence[Path], target: Path, audio_bytes: int) -> None:
    packed = flac_of(name)
    for folder in sources:
        if (folder / name).exists():
            target.symlink_to(file_of_run(folder, name))
            return
        if name.endswith(".wav") and (folder / packed).exists():
            unpack(file_of_run(folder, packed), target, audio_bytes)
            return
    file_of_run(sources[0], name)  # says that it is missing


def _ends(channel: Channel) -> list[SendRecord | Recording]:
    return [channel.sent, *([channel.received] if channel.received else [])]


def _usual_offset(observed: Sequence[PhraseObservation], speaker: str) -> float:
    """Return by how many seconds phrases of a speaker stand later in what was received; 0 if none was."""
    offsets = [
        phrase.position_in_received_seconds - phrase.position_in_sent_seconds
        for phrase in observed
        if phrase.speaker == speaker and phrase.position_in_received_seconds is not None
    ]
    return statistics.median(offsets) if offsets else 0.0


def _cut(run: RunFolder, channel: Channel, phrase: PhraseObservation, later: float) -> KeptPhrase:
    position = phrase.position_in_received_seconds
    there = phrase.position_in_sent_seconds + later if position is None else position
    name = f"phrases/{phrase.index:04}"
    received = channel.received
    return KeptPhrase(
        index=phrase.index,
        speaker=phrase.speaker,
        text=phrase.text,
        received=phrase.received,
        sent_audio=_stretch(run, channel.sent, phrase.position_in_sent_seconds, phrase, f"{name}-sent.wav"),
        received_audio=_stretch(run, received, there, phrase, f"{name}-received.wav") if received else "",
    )


def _stretch(
    run: RunFolder, end: SendRecord | Recording, begin_seconds: float, phrase: PhraseObservation, name: str
) -> str:
    source, rate = run.path / end.audio.name, end.sample_rate_hz
    length = wav_sample_count(source)
    first = max(0, round((begin_seconds - MARGIN_SECONDS) * rate))
    last = min(length, round((begin_seconds + phrase.duration_seconds + MARGIN_SECONDS) * rate))
    if last <= first:
        return ""  # the recording ended before it
    write_wav(run.file(name), read_stretch(source, first, last - first), rate)
    return name
