"""A result as Markdown and as table rows, for the Prefect UI."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from pathlib import PurePath
from typing import Any

from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    FigureVerdict,
    PhraseObservation,
    Record,
    RunInfo,
    ScenarioResult,
    Stage,
)
from eloquence_pipeline.reporting.advice import STAGE_WORDS, bottleneck_advice, bottleneck_sentence
from eloquence_pipeline.reporting.baseline import baseline_markdown
from eloquence_pipeline.reporting.course import course_markdown
from eloquence_pipeline.reporting.losses import loss_lines
from eloquence_pipeline.reporting.network import network_lines
from eloquence_pipeline.reporting.quality import quality_markdown
from eloquence_pipeline.reporting.wording import (
    FIGURE_WORDS,
    threshold_with_unit,
    value_with_unit,
    verdict_sentence,
)

MOST_ROWS = 500
# Nothing that is special at the beginning of a line only: one of Prefect's two UIs shows the backslashes
# within a link.
_SPECIAL_ANYWHERE = re.compile(r"([\\`*_\[\]<>|~&])")
_SPECIAL_FIRST = re.compile(r"^(\s*\d*)([#+\-=.):])")


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    text = _SPECIAL_ANYWHERE.sub(r"\\\1", text.replace("\n", " "))
    return _SPECIAL_FIRST.sub(r"\1\\\2", text)


class Links(Record):
    """Addresses that open the evidence in a browser, as long as they are good."""

    addresses: dict[str, str]
    """By the name of the file they open; none where the evidence could not be sent."""
    until: datetime | None = None
    """When they end; None where there are none."""

    @property
    def term(self) -> str:
        """Until when they open, for people; empty where there are none."""
        return (
            "" if self.until is None else f"liens signés, valables jusqu'au {self.until:%Y-%m-%d %H:%M} UTC"
        )


class Picture(Record):
    """A picture of a run, as it lies beside the result."""

    name: str
    content: bytes


def links_markdown(links: Links) -> str:
    """Return all links in a line, and until when they open."""
    if not links.addresses:
        return ""
    opened = " · ".join(f"[{escaped(name)}]({address})" for name, address in links.addresses.items())
    return f"{opened} ({escaped(links.term)})"


def evidence_markdown(archive: Archive, links: Links, run: RunInfo | None = None) -> str:
    """Return where the evidence is, what opens it, and what identifies the run where there is one."""
    place = f"**Preuves**: {place_of(archive)}\n\n{links_markdown(links)}"
    if run is None:
        return place
    return f"{place}\n\n**Cible**: {escaped(run.target)} · **graine**: {run.seed} · **run**: {run.run_id}"


def picture_markdown(picture: Picture | None, title: str) -> str:
    """Return a picture in the text itself: an address of it would end with the store."""
    if picture is None:
        return ""
    kind = "svg+xml" if PurePath(picture.name).suffix == ".svg" else "png"
    encoded = base64.b64encode(picture.content).decode()
    return f"\n![{escaped(title)}](data:image/{kind};base64,{encoded})\n"


def verdict_markdown(
    result: ScenarioResult, archive: Archive, links: Links, picture: Picture | None = None
) -> str:
    """Return the verdict, the figures and the place of the evidence.

    Parameters
    ----------
    result, archive, picture
        What to show.
    links
        What opens the files.
    """
    rows = "\n".join(
        f"| {FIGURE_WORDS[figure.figure]}{_of_whom(figure)} | {value_with_unit(figure)} | {figure.judged} "
        f"| {'✅' if figure.passed else '❌'} {threshold_with_unit(figure)} |"
        for figure in result.verdict.figures
    )
    head, _, rest = verdict_sentence(result).partition(": ")
    return f"""# {escaped(head)}

{escaped(rest)}

| Mesure | Valeur | Classe | Seuil |
|---|---|---|---|
{rows}
{baseline_markdown(result.baseline)}
| Étape | Médiane |
|---|---|
{_budget_rows(result)}

{_blame(result)}
{_losses(result)}{_network(result)}{quality_markdown(result.quality)}{course_markdown(result)}
{picture_markdown(picture, result.run.scenario)}
{evidence_markdown(archive, links, result.run)}
"""


def _budget_rows(result: ScenarioResult) -> str:
    budget = result.budget.median
    return "\n".join(
        f"| {STAGE_WORDS[stage]} | {_ms(None if budget is None else budget.of(stage))} |" for stage in Stage
    )


def _blame(result: ScenarioResult) -> str:
    found = result.budget.bottleneck
    if found is None:
        return ""
    advice = bottleneck_advice(found)
    return escaped(bottleneck_sentence(found)) + (f"  \n→ {escaped(advice)}" if advice else "")


def _losses(result: ScenarioResult) -> str:
    return "".join(f"\n- {escaped(line)}" for line in loss_lines(result.loss)) + "\n"


def _network(result: ScenarioResult) -> str:
    lines = [escaped(line.strip()) for line in network_lines(result.network)]
    return "\n" + "  \n".join(lines) + "\n" if lines else ""


def _of_whom(figure: FigureVerdict) -> str:
    return f" ({escaped(figure.speaker)})" if figure.speaker else ""


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} ms"


def place_of(archive: Archive) -> str:
    """Return where the evidence of a run is."""
    folder = f"`{archive.folder}`"
    if archive.state is ArchiveState.UPLOADED:
        return f"`{archive.uri}` · {folder}"
    return f"{folder} (pas encore envoyées: {escaped(archive.problem)})"


def phrase_rows(result: ScenarioResult) -> list[dict[str, Any]]:
    """Return one flat row a phrase, at most six columns (more show badly in the Prefect UI).

    Of more than 500 phrases there are those that were not received and the slowest ones.
    """
    several = len(result.speakers) > 1
    shown = sorted(result.phrases, key=lambda phrase: (phrase.received, -(phrase.one_way_delay_ms or 0.0)))
    kept = {phrase.index for phrase in shown[:MOST_ROWS]}
    return [_row(phrase, several=several) for phrase in result.phrases if phrase.index in kept]


def _row(phrase: PhraseObservation, *, several: bool) -> dict[str, Any]:
    return {
        "#": phrase.index,
        "Reçue": "oui" if phrase.received else "NON",
        "Aller simple (ms)": _rounded(phrase.one_way_delay_ms),
        "Bout en bout (ms)": _rounded(phrase.end_to_end_ms),
        "À écouter (s)": _rounded(phrase.position_in_received_seconds),
        # The last, because it is the longest: what does not fit on a page has to be scrolled to.
        "Phrase": f"{phrase.speaker} : {phrase.text}" if several else phrase.text,
    }


def _rounded(value: float | None) -> float | str:
    return "—" if value is None else round(value, 1)
