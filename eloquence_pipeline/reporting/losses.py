"""Where speech was lost, and where the witnesses of loss contradict each other, in words."""

from __future__ import annotations

from eloquence_pipeline.models import Disagreement, DisagreementKind, Gap, LossFigures, LossTimeline

_MOST_GAPS = 5
_PER_CENT = 100
_SAMPLES_PER_SECOND = 48_000

WHAT_IT_POINTS_AT = {
    DisagreementKind.MISSING_OUTSIDE_RTP: "de la parole manque alors que les paquets sont arrivés et que le "
    "tampon de gigue n'a presque rien remplacé : voyez l'émetteur avant son codeur et le récepteur après "
    "son décodeur",
    DisagreementKind.MISSING_AND_CONCEALED: "de la parole manque et a été remplacée alors que les paquets "
    "sont arrivés : trop tard, ou pas envoyés un moment ; voyez le tampon de gigue, les coupures et "
    "l'émetteur",
    DisagreementKind.CONCEALED_WITHOUT_LOSS: "le tampon de gigue a inventé du son alors que les paquets sont "
    "arrivés : trop tard, ou pas envoyés un moment ; voyez la gigue, les coupures et l'émetteur",
    DisagreementKind.HIDDEN_BY_REDUNDANCY: "des paquets RTP manquent sans que le son en souffre autant : la "
    "redondance (RED ou FEC) a caché la perte à l'oreille",
    DisagreementKind.PHRASES_WITHOUT_LOSS: "des phrases n'ont pas été reçues alors que leurs paquets sont "
    "arrivés : voyez une piste coupée, un mauvais flux, ou une parole difficile à reconnaître",
}


def loss_lines(loss: LossFigures) -> list[str]:
    """Return a line for each of the longest gaps and each disagreement; none where nothing was lost."""
    longest = sorted(loss.gaps, key=lambda gap: gap.duration_ms, reverse=True)[:_MOST_GAPS]
    lines = [_gap_line(gap) for gap in sorted(longest, key=lambda gap: gap.position_in_sent_seconds)]
    if loss.gap_count > len(longest):
        lines.append(f"… et {loss.gap_count - len(longest)} autres trous, plus courts")
    return lines + [_disagreement_line(found) for found in loss.disagreements]


def _gap_line(gap: Gap) -> str:
    if gap.whole_phrase:
        return f"Perdue : la phrase {gap.phrase_index} entière ({gap.duration_ms:.0f} ms)"
    place = gap.position_in_received_seconds
    heard_at = "" if place is None else f", à {place:.2f} s de l'enregistrement"
    words = " ".join(gap.estimated_words)
    said = f" : « {words} »" if words else ""
    return f"Trou de {gap.duration_ms:.0f} ms dans la phrase {gap.phrase_index}{heard_at}{said}"


def _disagreement_line(found: Disagreement) -> str:
    whose = f" ({found.speaker})" if found.speaker else ""
    return f"Témoins en désaccord{whose} : {WHAT_IT_POINTS_AT[found.kind]}"


def concealed_per_cent(timeline: LossTimeline) -> list[float]:
    """Return the share of the sound between two samples of the statistics that was made up."""
    ends = timeline.seconds
    # The first stretch has no beginning of its own; the others are as long.
    first = 2 * ends[0] - ends[1] if len(ends) > 1 else 0.0
    return [
        _PER_CENT * min(1.0, made / (_SAMPLES_PER_SECOND * (end - begin))) if end > begin else 0.0
        for begin, end, made in zip((first, *ends), ends, timeline.concealed_samples, strict=False)
    ]
