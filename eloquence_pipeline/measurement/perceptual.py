"""Full-reference models: what was received against what was sent, as a listener would judge it.

The packages are imported on first use: with SciPy's signal processing they take a second.
"""

from __future__ import annotations

import math
import warnings
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.errors import NotScorable
from eloquence_pipeline.models import Score
from eloquence_pipeline.signal.resampling import resample, to_float, to_int16

Int16Array = npt.NDArray[np.int16]
FloatArray = npt.NDArray[np.float64]

VISQOL_MODEL = "ViSQOL speech, lattice"
STOI_MODEL = "STOI"
PESQ_MODEL = "PESQ-WB (ITU-T P.862.2)"

SHORTEST_SECONDS = {"mos_lqo": 1.0, "stoi": 0.5, "pesq_mos_lqo": 1.0}
"""What a model needs, by the name of its figure; all three were made for sentences of some seconds."""

_VISQOL_RATE_HZ = _PESQ_RATE_HZ = 16_000
_STOI_RATE_HZ = 10_000
_VISQOL_PADDING_SECONDS = 0.5


class VisqolScore(NamedTuple):
    """MOS-LQO, and the mean similarity behind it."""

    mos_lqo: Score
    nsim: float


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    return find_spec(package) is not None


def visqol(reference: Int16Array, degraded: Int16Array, sample_rate_hz: int) -> VisqolScore:
    """Return the MOS-LQO of ViSQOL v3 in speech mode, with the lattice model.

    Parameters
    ----------
    reference, degraded
        int16, both of shape (n,), aligned; at least a second.
    sample_rate_hz
        Of both; the model works at 16 kHz.

    Raises
    ------
    NotScorable
        If the model finds no speech in the reference, or is not installed.

    Notes
    -----
    M. Chinen et al., "ViSQOL v3", QoMEX 2020. Half a second of silence is added at both ends, as its
    authors advise: without it the first 0.18 s are never compared. Its own global alignment is off, because
    the delay meter's is to the sample. Identity scores 4.0 to 4.6, differently for each phrase.
    """
    if not is_installed("visqol"):
        raise NotScorable("visqol-python is not installed on this machine")
    padding = np.zeros(round(_VISQOL_PADDING_SECONDS * _VISQOL_RATE_HZ))
    sent, received = (
        np.concatenate((padding, _at(samples, sample_rate_hz, _VISQOL_RATE_HZ), padding))
        for samples in (reference, degraded)
    )
    try:
        result: Any = _visqol_model().measure_from_arrays(sent, received, _VISQOL_RATE_HZ)
    except IndexError:  # it indexes the patches of speech, of which there are none
        raise NotScorable("ViSQOL finds no speech in what was sent") from None
    nsim = min(max(_finite(float(result.vnsim)), 0.0), 1.0)
    return VisqolScore(_score(float(result.moslqo), VISQOL_MODEL, "visqol-python"), nsim)


def stoi(reference: Int16Array, degraded: Int16Array, sample_rate_hz: int) -> Score:
    """Return the short-time objective intelligibility; 1 is identity.

    Parameters
    ----------
    reference, degraded
        int16, both of shape (n,), aligned; at least 0.4 s of it speech.
    sample_rate_hz
        Of both; the model works at 10 kHz.

    Raises
    ------
    NotScorable
        If less than 30 frames of 25.6 ms, half overlapping, are left when the silent ones are taken out.

    Notes
    -----
    C. H. Taal et al., "An algorithm for intelligibility prediction of time-frequency weighted noisy
    speech", IEEE TASLP 19(7), 2011. It compares what was sent and received at the same time: a shift
    of 1 ms costs 0.003, of 5 ms 0.05.
    """
    import pystoi  # noqa: PLC0415

    sent, received = (_at(samples, sample_rate_hz, _STOI_RATE_HZ) for samples in (reference, degraded))
    with warnings.catch_warnings():
        # Too little speech is no error there, but a warning and a score of 1e-5.
        warnings.filterwarnings("error", message="Not enough STFT frames", category=RuntimeWarning)
        try:
            value = float(cast(Any, pystoi).stoi(sent, received, _STOI_RATE_HZ))
        except RuntimeWarning:
            raise NotScorable("too little of it is speech") from None
    return _score(value, STOI_MODEL, "pystoi")


def pesq(reference: Int16Array, degraded: Int16Array, sample_rate_hz: int) -> Score:
    """Return the MOS-LQO of PESQ, wide band.

    Parameters
    ----------
    reference, degraded
        int16, both of shape (n,), aligned; P.862.3 wants 3.2 s of speech.
    sample_rate_hz
        Of both; the model works at 16 kHz.

    Raises
    ------
    NotScorable
        If the model finds no speech, or is not installed.

    Notes
    -----
    ITU-T P.862.2, without its corrigendum 2. Identity scores 4.64.
    """
    if not is_installed("pesq"):
        raise NotScorable("the extra 'pesq' is not installed")
    package: Any = __import__("pesq")
    sent, received = (
        to_int16(_at(samples, sample_rate_hz, _PESQ_RATE_HZ)) for samples in (reference, degraded)
    )
    try:
        value = float(package.pesq(_PESQ_RATE_HZ, sent, received, "wb"))
    except (package.NoUtterancesError, package.BufferTooShortError):
        raise NotScorable("PESQ finds no speech in it") from None
    return _score(value, PESQ_MODEL, "pesq")


def _at(samples: Int16Array, from_hz: int, to_hz: int) -> FloatArray:
    return resample(to_float(samples), from_hz, to_hz)


def _score(value: float, model: str, package: str) -> Score:
    return Score(value=_finite(value), model=model, version=f"{package} {version(package)}")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"the model returned {value}")
    return value


@cache
def _visqol_model() -> Any:
    from visqol import VisqolApi  # noqa: PLC0415

    model = VisqolApi()
    # Asked for by name: without its runtime the package would take a mapping that is 1 to 2 too high.
    model.create(mode="speech", use_lattice_model=True, disable_global_alignment=True)
    return model
