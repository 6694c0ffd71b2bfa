"""What is wrong with a run, in plain words: read first, and often alone."""

from __future__ import annotations

from collections.abc import Collection

from eloquence_pipeline.models import (
    BaselineComparison,
    Change,
    FigureComparison,
    FigureVerdict,
    LossLevel,
    PacingFigures,
    ScenarioResult,
    VerdictStatus,
)
from eloquence_pipeline.reporting.baseline import shown
from eloquence_pipeline.reporting.html.blocks import Headline, Problem, Tile
from eloquence_pipeline.reporting.html.text import Text, joined, milliseconds
from eloquence_pipeline.reporting.html.words import (
    DISAGREEMENTS,
    NIGHT_FIGURES,
    STATUS_COLOURS,
    STATUSES,
    advice_text,
    blame_text,
    class_colour,
    class_text,
    figure_text,
)
from eloquence_pipeline.reporting.wording import (
    BROKE_OFF,
    INVALID,
    OVERLOADED,
    overloaded_clause,
    threshold_with_unit,
    value_with_unit,
)

_PLAIN_WORDS = {
    "phrase_loss_ratio": Text("Des phrases n'arrivent pas", "Phrases do not arrive"),
    "latency_avg_ms": Text("La voix arrive trop tard", "The voice arrives too late"),
    "latency_max_ms": Text("Une phrase au moins arrive trop tard", "At least one phrase arrives too late"),
    "rtp_packet_loss_ratio": Text("Le réseau perd trop de paquets", "The network loses too many packets"),
    "mos_lqo_min": Text("La voix arrive abîmée", "The voice arrives damaged"),
    "stoi_min": Text("La voix est difficile à comprendre", "The voice is hard to understand"),
}
"""Of a figure that missed its threshold, the gravest first."""
_LATENCIES = {"latency_avg_ms", "latency_max_ms"}
_LOSSES = {"phrase_loss_ratio", "rtp_packet_loss_ratio"}
_WATCH_THE_NETWORK = Text(
    "vérifiez le réseau entre cette machine et le serveur LiveKit (wifi, VPN, débit), et la charge du "
    "serveur",
    "check the network between this machine and the LiveKit server (wifi, VPN, bandwidth), and the "
    "server's load",
)
_HEALTHY = Text("La voie vocale est saine", "The voice path is healthy")
_WORSE = Text("Moins bien que les nuits précédentes", "Worse than the nights before")
_NOTHING_TO_SAY = Text("Rien ne peut être dit de la voie vocale", "Nothing can be said of the voice path")
_BROKEN_OFF = Text("L'appel s'est interrompu", "The call broke off")
_SILENT = Text("Rien n'a été dit jusqu'au bout", "Nothing was said to its end")
_RUN_IT_AGAIN = Text(
    " : fermez ce qui occupe cette machine, et relancez le test",
    ": close what keeps this machine busy, and run the test again",
)
_UNHEARD = Text("Rien n'a été reçu", "Nothing was received")


def headline(result: ScenarioResult, phrases_on_page: Collection[int] = ()) -> Headline:
    """Return the verdict over a run.

    Parameters
    ----------
    result
        Of the run.
    phrases_on_page
        Those that the page has a place for, by their index.
    """
    blame, advice = _blame(result)
    return Headline(
        colour=STATUS_COLOURS[result.status],
        status=STATUSES[result.status],
        sentence=plain_sentence(result),
        problems=tuple(problems(result, phrases_on_page)),
        more=tuple(_more(result)),
        blame=blame,
        advice=advice,
    )


def _blame(result: ScenarioResult) -> tuple[Text | None, Text | None]:
    """Return where it comes from and what to do: a stage, or what the witnesses of loss say."""
    if result.verdict.status is VerdictStatus.INVALID:
        return None, None  # whatever was measured may be the tester's own doing
    missed = {figure.figure for figure in result.verdict.figures if not figure.passed}
    loss = result.loss
    if missed & _LOSSES and not missed & _LATENCIES:
        if "rtp_packet_loss_ratio" in missed or (loss.rtp.lost and not loss.disagreements):
            return _lost_on_the_way(loss.rtp), _WATCH_THE_NETWORK
        return (DISAGREEMENTS[loss.disagreements[0].kind], None) if loss.disagreements else (None, None)
    found = result.budget.bottleneck
    if found is None or (found.stage is None and not missed & _LATENCIES):
        return None, None
    return blame_text(found), advice_text(found.stage) if found.stage is not None else None


def _lost_on_the_way(rtp: LossLevel) -> Text:
    return Text(
        f"le réseau : {rtp.lost} paquets RTP perdus sur {rtp.total}",
        f"the network: {rtp.lost} of {rtp.total} RTP packets lost",
    )


def plain_sentence(result: ScenarioResult) -> Text:
    """Return what is wrong in a few words, or that nothing is."""
    if result.verdict.status is VerdictStatus.INVALID:
        return _NOTHING_TO_SAY
    if any(reason.startswith(BROKE_OFF) for reason in result.verdict.reasons):
        return _BROKEN_OFF
    if not result.packets_sent:
        return _SILENT
    if not result.packets_received:
        return _UNHEARD
    missed = {figure.figure for figure in result.verdict.figures if not figure.passed}
    if missed:
        said = [words for name, words in _PLAIN_WORDS.items() if name in missed]
        if "latency_avg_ms" in missed:
            said = [words for words in said if words is not _PLAIN_WORDS["latency_max_ms"]]
        return _one_after_the_other(said)
    return _HEALTHY if result.status is VerdictStatus.PASSED else _WORSE


def _one_after_the_other(said: list[Text]) -> Text:
    first, *others = said
    return joined(" ; ", [first, *(Text(_lower(one.fr), _lower(one.en)) for one in others)])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def problems(result: ScenarioResult, phrases_on_page: Collection[int] = ()) -> list[Problem]:
    """Return everything that is wrong: figure, value, threshold, phrase."""
    found = [Problem(text) for reason in result.verdict.reasons if (text := _reason(reason, result.tester))]
    if not result.packets_sent:
        found.append(
            Problem(Text("aucune phrase n'a été dite jusqu'au bout", "no phrase was said to its end"))
        )
    found += [
        _missed(figure, result, phrases_on_page) for figure in result.verdict.figures if not figure.passed
    ]
    return found + worse_than_nights(result.baseline)


def worse_than_nights(comparison: BaselineComparison | None) -> list[Problem]:
    """Return in what a night is worse than those before; nothing where it is not."""
    if comparison is None or comparison.change is not Change.WORSE:
        return []
    return [Problem(_worse(figure)) for figure in comparison.of(Change.WORSE)]


def _reason(reason: str, tester: PacingFigures) -> Text | None:
    """Return a reason of the verdict that is no missed figure."""
    if reason.startswith(OVERLOADED):
        return overloaded_text(tester) + _RUN_IT_AGAIN
    if reason.startswith(INVALID):
        return Text.same(reason.removeprefix(INVALID))
    if reason.startswith(BROKE_OFF):
        why = reason.removeprefix(BROKE_OFF)
        return Text(f"la transmission s'est interrompue : {why}", f"the transmission broke off: {why}")
    return None


def overloaded_text(tester: PacingFigures) -> Text:
    """Return by how much the tester was too slow."""
    return Text(
        overloaded_clause(tester),
        f"the tester was overloaded, nothing can be said of the server (sent late p99 "
        f"{tester.pacing_lateness_p99_ms:.1f} ms, at most {tester.pacing_lateness_max_ms:.1f} ms, "
        f"{tester.frames_skipped} frames left out, event loop late p99 "
        f"{tester.event_loop_lag_p99_ms:.1f} ms)",
    )


def _missed(figure: FigureVerdict, result: ScenarioResult, phrases_on_page: Collection[int]) -> Problem:
    index = figure.worst_phrase_index
    said = next((phrase.text for phrase in result.phrases if phrase.index == index), "")
    anchor = f"phrase-{index}" if index in phrases_on_page else ""
    return Problem(missed_text(figure), anchor=anchor, said=said)


def missed_text(figure: FigureVerdict) -> Text:
    """Return a figure that missed its threshold: value, bound, phrase."""
    place = f", phrase {figure.worst_phrase_index}" if figure.worst_phrase_index else ""
    bound = threshold_with_unit(figure)
    return figure_text(figure) + Text(
        f" : {value_with_unit(figure)} (seuil {bound}){place}",
        f": {value_with_unit(figure)} (threshold {bound}){place}",
    )


def _worse(figure: FigureComparison) -> Text:
    value, usual = shown(figure, figure.value), shown(figure, figure.usual)
    since = figure.since
    more = Text("", "")
    if since is not None and since.nights > 1:
        day = f"{since.started_at:%Y-%m-%d}"
        more = Text(f", depuis le {day} ({since.nights} nuits)", f", since {day} ({since.nights} nights)")
    name = NIGHT_FIGURES[figure.figure]
    told = Text(
        f"{name.fr} : {value} au lieu de {usual} d'habitude",
        f"{name.en}: {value} instead of the usual {usual}",
    )
    return told + more


def _more(result: ScenarioResult) -> list[Text]:
    """Return what there is to know of a good run as well."""
    received, sent = result.packets_received, result.packets_sent
    told = (
        [Text(f"{received} phrases reçues sur {sent}", f"{received} of {sent} phrases received")]
        if sent
        else []
    )
    delay = result.delay.one_way_delay_ms
    if delay.median is not None:
        told.append(
            Text(
                f"aller simple {milliseconds(delay.median)} (médiane), {milliseconds(delay.max)} au plus",
                f"one-way delay {milliseconds(delay.median)} (median), {milliseconds(delay.max)} at most",
            )
        )
    return told


def tiles(result: ScenarioResult) -> tuple[Tile, ...]:
    """Return the judged figures, and the mean quality where it has no threshold."""
    return (*map(figure_tile, result.verdict.figures), *_unjudged(result))


def figure_tile(figure: FigureVerdict) -> Tile:
    """Return a judged figure with its class and its threshold."""
    bound = threshold_with_unit(figure)
    return Tile(
        name=figure_text(figure),
        value=value_with_unit(figure),
        judged=class_text(figure.judged),
        colour=class_colour(figure),
        note=Text(f"seuil {bound}", f"threshold {bound}"),
    )


def _unjudged(result: ScenarioResult) -> list[Tile]:
    quality = result.quality
    known = {figure.figure for figure in result.verdict.figures}
    if quality is None or quality.mos_lqo.avg is None or "mos_lqo_min" in known:
        return []
    lowest = quality.mos_lqo.min
    nothing = Text("non jugée", "not judged")
    note = Text(f"minimum {lowest:.2f}", f"lowest {lowest:.2f}") if lowest is not None else Text("", "")
    name = Text("qualité (ViSQOL), 1 à 5", "quality (ViSQOL), 1 to 5")
    return [Tile(name=name, value=f"{quality.mos_lqo.avg:.2f}", judged=nothing, colour="grey", note=note)]
