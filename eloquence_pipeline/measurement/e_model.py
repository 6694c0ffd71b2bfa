"""The E-model: what delay and loss do to a conversation, as one number (ITU-T G.107).

``R = 93.2 - Id - Ie,eff``: 93.2 is what is left of 100 with the default values of G.107 for everything
that is not delay, codec or loss. `Id` is the fit of R. G. Cole and J. H. Rosenbluth, "Voice over IP
performance monitoring", ACM SIGCOMM CCR 31(2), 2001, to the delay curve of G.107; `Ie,eff` is G.107, 7.5
(equation 7-29).
"""

from __future__ import annotations

from collections.abc import Sequence

from eloquence_pipeline.models import EModelFigures, SpeakerFigures
from eloquence_pipeline.settings import EModelSettings

R_WITHOUT_IMPAIRMENT = 93.2
_HIGHEST_IMPAIRMENT = 95.0
_HARMLESS_DELAY_MS = 177.3
_PER_CENT = 100.0


def delay_impairment(one_way_delay_ms: float) -> float:
    """Return `Id`, what a one-way delay takes off the rating.

    Parameters
    ----------
    one_way_delay_ms
        Of the path from mouth to ear, in milliseconds.

    Notes
    -----
    ``Id = 0.024 d + 0.11 (d - 177.3) H(d - 177.3)`` with Heaviside's H (Cole and Rosenbluth, 2001).
    """
    beyond_ms = max(0.0, one_way_delay_ms - _HARMLESS_DELAY_MS)
    return 0.024 * one_way_delay_ms + 0.11 * beyond_ms


def equipment_impairment(packet_loss_percent: float, *, ie: float, bpl: float, burst_r: float = 1.0) -> float:
    """Return `Ie,eff`, what codec and loss take off the rating.

    Parameters
    ----------
    packet_loss_percent
        `Ppl`, 0 to 100.
    ie, bpl
        Of the codec (ITU-T G.113, appendix I).
    burst_r
        1 for random loss.

    Notes
    -----
    ``Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl)`` (ITU-T G.107, 7.5).
    """
    loss = packet_loss_percent
    return ie + (_HIGHEST_IMPAIRMENT - ie) * loss / (loss / burst_r + bpl)


def r_factor(
    one_way_delay_ms: float, packet_loss_percent: float, *, ie: float, bpl: float, burst_r: float = 1.0
) -> float:
    """Return the transmission rating R; see the module for its parts."""
    lost = equipment_impairment(packet_loss_percent, ie=ie, bpl=bpl, burst_r=burst_r)
    return R_WITHOUT_IMPAIRMENT - delay_impairment(one_way_delay_ms) - lost


def mos_cqe(r: float) -> float:
    """Return the estimated conversational MOS of a rating, 1 to 4.5.

    Notes
    -----
    ``MOS = 1 + 0.035 R + 7e-6 R (R - 60) (100 - R)``, 1 below R = 0 and 4.5 above R = 100 (ITU-T G.107,
    annex B). Between 0 and 6.5 the polynomial falls below 1, which no opinion can.
    """
    if r >= _PER_CENT:
        return 4.5
    if r <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r))


def e_model_figures(speakers: Sequence[SpeakerFigures], settings: EModelSettings) -> EModelFigures | None:
    """Return the rating of the speaker that has it worst; None where no delay or no loss is known."""
    rated = [figures for speaker in speakers if (figures := _of_speaker(speaker, settings)) is not None]
    return min(rated, key=lambda figures: figures.r_factor, default=None)


def _of_speaker(speaker: SpeakerFigures, settings: EModelSettings) -> EModelFigures | None:
    delay_ms, loss_ratio = speaker.one_way_delay_ms.avg, speaker.rtp.packet_loss_ratio
    if delay_ms is None or loss_ratio is None:
        return None
    loss_percent = loss_ratio * _PER_CENT
    rating = r_factor(delay_ms, loss_percent, ie=settings.ie, bpl=settings.bpl, burst_r=settings.burst_r)
    return EModelFigures(
        r_factor=rating,
        mos_cqe=mos_cqe(rating),
        speaker=speaker.speaker,
        one_way_delay_ms=delay_ms,
        packet_loss_percent=loss_percent,
        ie=settings.ie,
        bpl=settings.bpl,
        burst_r=settings.burst_r,
    )
