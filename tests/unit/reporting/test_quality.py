"""The scores as people see them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from eloquence_pipeline.measurement.quality import quality_figures
from eloquence_pipeline.models import EModelFigures, PhraseQuality, QualityFigures, Score
from eloquence_pipeline.reporting.quality import quality_markdown, quality_table
from eloquence_pipeline.settings import EModelSettings

pytestmark = pytest.mark.unit

E_MODEL = EModelFigures(
    r_factor=92.06,
    mos_cqe=4.386,
    speaker="speaker",
    one_way_delay_ms=47,
    packet_loss_percent=0,
    ie=0,
    bpl=25.1,
    burst_r=1,
)


def scored(index: int, mos: float, **more: object) -> PhraseQuality:
    score = Score(value=mos, model="m", version="v")
    content = {"index": index, "speaker": "speaker", "mos_lqo": score, "level_difference_db": -0.1}
    return PhraseQuality.model_validate(content | more)


def figures(*phrases: PhraseQuality, e_model: EModelFigures | None = E_MODEL) -> QualityFigures:
    return quality_figures(phrases, [], EModelSettings()).model_copy(update={"e_model": e_model})


def shown(quality: QualityFigures) -> str:
    output = io.StringIO()
    Console(file=output, width=80).print(quality_table(quality))
    return output.getvalue()


def test_the_table_names_scores_in_french_and_fits_a_terminal() -> None:
    text = shown(figures(scored(1, 4.5), scored(2, 4.1)))
    assert "qualité (ViSQOL)" in text
    assert "4.30" in text
    assert "4.10" in text
    assert "facteur R (provisoire)" in text
    assert "92.1" in text
    assert "phrase la moins bonne : 2" in text
    assert max(map(len, text.splitlines())) <= 80


def test_dropouts_clipping_and_errors_are_shown_where_there_are_any() -> None:
    whole = shown(figures(scored(1, 4.5, clipped_ratio=0.0, dropout_count=0, dropout_ms=0.0)))
    assert "coupures" not in whole
    assert "saturation" not in whole
    broken = scored(1, 4.5, clipped_ratio=0.02, dropout_count=2, dropout_ms=35.0, failures={"stoi": "x"})
    text = shown(figures(broken))
    assert "2 (35 ms)" in text
    assert "2.00 %" in text
    assert "sans score après une erreur : 1" in " ".join(text.split())


def test_phrases_too_short_for_the_models_are_said_to_be() -> None:
    short = PhraseQuality(index=1, speaker="speaker", level_difference_db=0.0)
    assert "phrases trop courtes pour les modèles" in shown(figures(short))


def test_markdown_has_the_same_rows_and_nothing_without_scores() -> None:
    text = quality_markdown(figures(scored(1, 4.5)))
    assert "| qualité (ViSQOL) | 4.50 | 4.50 | 1 |" in text
    assert "| MOS-CQE (provisoire) | 4.39 |  |  |" in text
    assert quality_markdown(None) == ""
