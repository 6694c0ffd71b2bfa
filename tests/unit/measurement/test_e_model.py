"""The E-model against the tables of G.107 and G.113."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.e_model import (
    R_WITHOUT_IMPAIRMENT,
    delay_impairment,
    e_model_figures,
    equipment_impairment,
    mos_cqe,
    r_factor,
)
from eloquence_pipeline.models import RtpFigures, SpeakerFigures
from eloquence_pipeline.settings import EModelSettings
from tests.figures import phrase, speaker_figures

pytestmark = pytest.mark.unit

G711 = {"ie": 0.0, "bpl": 4.3}
G711_CONCEALED = {"ie": 0.0, "bpl": 25.1}
G729A = {"ie": 11.0, "bpl": 19.0}
G723_1 = {"ie": 15.0, "bpl": 16.1}


def speaker(name: str, delay_ms: float | None, loss_ratio: float | None) -> SpeakerFigures:
    return speaker_figures(name, [phrase(1, delay_ms)], RtpFigures(packet_loss_ratio=loss_ratio))


@pytest.mark.parametrize(
    ("r", "mos"), [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)]
)
def test_a_rating_has_the_mos_of_g107_annex_b(r: float, mos: float) -> None:
    # The table rounds up: its own formula gives 4.024 for 80.
    assert mos_cqe(r) == pytest.approx(mos, abs=0.007)


@pytest.mark.parametrize(("r", "mos"), [(-20, 1.0), (0, 1.0), (3, 1.0), (100, 4.5), (120, 4.5)])
def test_no_rating_leaves_the_scale(r: float, mos: float) -> None:
    assert mos_cqe(r) == mos


@given(r=st.floats(-50, 150), more=st.floats(0, 50))
def test_a_better_rating_never_has_a_lower_mos(r: float, more: float) -> None:
    assert mos_cqe(r) <= mos_cqe(r + more) + 1e-9


def test_without_delay_and_loss_the_rating_is_the_default_of_g107() -> None:
    assert r_factor(0, 0, **G711) == R_WITHOUT_IMPAIRMENT == 93.2


@pytest.mark.parametrize(
    ("delay_ms", "impairment"), [(0, 0), (100, 2.4), (150, 3.6), (177.3, 4.2552), (400, 34.097)]
)
def test_delay_costs_more_beyond_177_ms(delay_ms: float, impairment: float) -> None:
    assert delay_impairment(delay_ms) == pytest.approx(impairment)


@pytest.mark.parametrize(
    ("codec", "loss_percent", "impairment"),
    [
        # G.113, appendix I (2002), Ie under random loss of the codecs for which it gives Bpl later.
        (G729A, 1, 15),
        (G729A, 2, 19),
        (G729A, 3, 23),
        (G729A, 4, 26),
        (G723_1, 1, 19),
        (G723_1, 2, 24),
        (G723_1, 3, 27),
        (G723_1, 4, 32),
    ],
)
def test_loss_costs_what_the_tables_of_g113_say(
    codec: dict[str, float], loss_percent: float, impairment: float
) -> None:
    assert equipment_impairment(loss_percent, **codec) == pytest.approx(impairment, abs=1.2)


@pytest.mark.parametrize(
    ("codec", "impairment"),
    [(G711, 95 * 2 / 6.3), (G711_CONCEALED, 95 * 2 / 27.1), (G729A, 11 + 84 * 2 / 21)],
)
def test_two_per_cent_of_loss_cost_what_equation_7_29_says(
    codec: dict[str, float], impairment: float
) -> None:
    assert equipment_impairment(2, **codec) == pytest.approx(impairment)


def test_loss_in_bursts_costs_more() -> None:
    assert equipment_impairment(5, **G711_CONCEALED, burst_r=2) > equipment_impairment(5, **G711_CONCEALED)


def test_the_speaker_that_has_it_worst_is_rated() -> None:
    figures = e_model_figures(
        [speaker("a", 50, 0.0), speaker("b", 60, 0.1), speaker("c", 70, 0.01)], EModelSettings()
    )
    assert figures is not None
    assert (figures.speaker, figures.packet_loss_percent, figures.provisional) == ("b", 10, True)
    assert figures.r_factor == pytest.approx(93.2 - 1.44 - 95 * 10 / 35.1)
    assert figures.mos_cqe == mos_cqe(figures.r_factor)


def test_without_delay_or_loss_there_is_no_rating() -> None:
    assert e_model_figures([speaker("a", None, 0.0), speaker("b", 50, None)], EModelSettings()) is None
