"""What was lost and made up, and when."""

from __future__ import annotations

from itertools import accumulate

from eloquence_pipeline.models import Gap, LossLevel, LossTimeline, ScenarioResult
from eloquence_pipeline.reporting.html.blocks import Legend, Listing, Plot, Row, Table
from eloquence_pipeline.reporting.html.delay_plots import time_axis
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text, per_cent
from eloquence_pipeline.reporting.html.words import DISAGREEMENTS
from eloquence_pipeline.reporting.losses import concealed_per_cent

_MOST_STRETCHES = 240
_MOST_GAPS = 200
_MOST_OPEN = 6
"""More rows than that are folded."""
_LEAST_PACKETS, _LEAST_PER_CENT = 4.0, 4.0
"""The axes show that much at least."""
_ROOM_ABOVE = 1.15
_PACKETS = Text("paquets RTP perdus", "RTP packets lost")
_MADE_UP = Text("son inventé par le tampon de gigue", "sound made up by the jitter buffer")


def loss_plot(result: ScenarioResult) -> Plot | None:
    """Draw packets lost and sound made up over time; None where the statistics say nothing."""
    timelines = [_shortened(timeline) for timeline in result.loss.timelines if timeline.seconds]
    if not timelines:
        return None
    drawing = Drawing("loss", 270, heights=(1, 1))
    packets, made_up = drawing.axes
    scale, unit = time_axis(max(timeline.seconds[-1] for timeline in timelines))
    for timeline in timelines:
        places = [second / scale for second in timeline.seconds]
        # Negative where packets came after they had been given up.
        lost = [max(0, count) for count in timeline.packets_lost]
        packets.fill_between(places, lost, step="pre", color=colour("red"), alpha=0.85, linewidth=0)
        shares = concealed_per_cent(timeline)
        made_up.fill_between(places, shares, step="pre", color=colour("orange"), alpha=0.85, linewidth=0)
    for axes, least in ((packets, _LEAST_PACKETS), (made_up, _LEAST_PER_CENT)):
        axes.set_ylim(0, max(least, _ROOM_ABOVE * axes.get_ylim()[1]))
        axes.set_xlim(left=0)
    packets.yaxis.get_major_locator().set_params(integer=True)
    drawing.entitle(_PACKETS)
    drawing.entitle(_MADE_UP + " (%)", 1)
    drawing.below(unit)
    return Plot(
        "loss",
        drawing.svg(),
        Text("Pertes au fil du temps", "Loss over time"),
        _told(result),
        (Legend("red", _PACKETS), Legend("orange", _MADE_UP)),
        _table(timelines),
    )


def _shortened(timeline: LossTimeline) -> LossTimeline:
    """Return a timeline of at most so many stretches, each the sum of several."""
    width = -(-len(timeline.seconds) // _MOST_STRETCHES)
    if width <= 1:
        return timeline
    places = range(0, len(timeline.seconds), width)
    return LossTimeline(
        speaker=timeline.speaker,
        seconds=tuple(timeline.seconds[place : place + width][-1] for place in places),
        packets_lost=tuple(sum(timeline.packets_lost[place : place + width]) for place in places),
        concealed_samples=tuple(sum(timeline.concealed_samples[place : place + width]) for place in places),
    )


def _told(result: ScenarioResult) -> Text:
    rtp, concealed = result.loss.rtp, result.loss.concealed
    return Text(
        f"{rtp.lost} paquets RTP perdus sur {rtp.total} ({per_cent(rtp.ratio)}), "
        f"{per_cent(concealed.ratio)} du son "
        "inventé.",
        f"{rtp.lost} of {rtp.total} RTP packets lost ({per_cent(rtp.ratio)}), "
        f"{per_cent(concealed.ratio)} of the "
        "sound made up.",
    )


def _table(timelines: list[LossTimeline]) -> Table:
    several = len(timelines) > 1
    rows: list[Row] = []
    for timeline in timelines:
        sums = accumulate(timeline.packets_lost)
        for second, lost, so_far, share in zip(
            timeline.seconds, timeline.packets_lost, sums, concealed_per_cent(timeline), strict=True
        ):
            if lost or share:
                who = f"{timeline.speaker} · " if several else ""
                rows.append((f"{who}{second:.1f}", str(lost), str(so_far), f"{share:.1f}"))
    if not rows:
        rows.append((Text("rien n'a été perdu", "nothing was lost"), "0", "0", "0.0"))
    columns = (
        Text("jusqu'à (s)", "up to (s)"),
        _PACKETS,
        Text("depuis le début", "since the beginning"),
        Text("son inventé (%)", "sound made up (%)"),
    )
    title = Text("Moments où quelque chose a été perdu", "Moments in which something was lost")
    return Table(title, columns, tuple(rows), words=frozenset(), folded=True)


def witness_table(result: ScenarioResult) -> Table:
    """Return what each witness of loss says, one row each."""
    loss = result.loss
    names: tuple[tuple[Text, LossLevel], ...] = (
        (Text("phrases", "phrases"), loss.phrases),
        (Text("paquets RTP", "RTP packets"), loss.rtp),
        (_MADE_UP, loss.concealed),
        (Text("parole absente de l'enregistrement", "speech absent from the recording"), loss.audio),
    )
    rows = tuple(
        (name, f"{level.lost} / {level.total}", per_cent(level.ratio), _interval(level))
        for name, level in names
    )
    columns = (
        Text("témoin", "witness"),
        Text("perdu / total", "lost / total"),
        Text("part", "share"),
        Text("intervalle à 95 %", "95 % interval"),
    )
    return Table(Text("Ce que disent les témoins", "What the witnesses say"), columns, rows)


def _interval(level: LossLevel) -> str:
    if level.low is None or level.high is None:
        return "—"
    return f"{level.low * 100:.1f} – {level.high * 100:.1f} %"


def disagreement_list(result: ScenarioResult) -> Listing | None:
    """Return where the witnesses contradict each other; None where they do not."""
    found = result.loss.disagreements
    if not found:
        return None
    head = Text("Témoins en désaccord", "Witnesses disagree")
    return Listing(
        tuple(
            head + (f" ({one.speaker})" if one.speaker else "") + Text(" : ", ": ") + DISAGREEMENTS[one.kind]
            for one in found
        )
    )


def gap_table(result: ScenarioResult) -> Table | None:
    """Return the gaps in the speech, the longest first; None where there are none."""
    gaps = sorted(result.loss.gaps, key=lambda gap: -gap.duration_ms)[:_MOST_GAPS]
    if not gaps:
        return None
    columns = (
        Text("durée (ms)", "length (ms)"),
        Text("phrase", "phrase"),
        Text("à écouter (s)", "listen at (s)"),
        Text("mots touchés (estimation)", "words hit (estimate)"),
    )
    rows = tuple(_gap_row(gap) for gap in gaps)
    count = result.loss.gap_count
    title = Text(f"Trous dans la parole : {count}", f"Gaps in the speech: {count}")
    return Table(title, columns, rows, words=frozenset({3}), folded=len(rows) > _MOST_OPEN)


def _gap_row(gap: Gap) -> Row:
    place = gap.position_in_received_seconds
    words: Text | str = " ".join(gap.estimated_words)
    if gap.whole_phrase:
        words = Text("la phrase entière", "the whole phrase")
    return (f"{gap.duration_ms:.0f}", str(gap.phrase_index), "—" if place is None else f"{place:.2f}", words)
