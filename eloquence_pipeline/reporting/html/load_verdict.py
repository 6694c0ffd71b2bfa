"""What became of many sessions at once, in plain words: how many have a good voice, whose limit it was."""

from __future__ import annotations

from collections import defaultdict

from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.models.load import LimitSide, LoadResult, ServerFigures, SessionFigures
from eloquence_pipeline.models.load_cells import LostCell, ManyMachinesResult
from eloquence_pipeline.reporting.html.blocks import Headline, Problem, Tile
from eloquence_pipeline.reporting.html.load_standing import Standing, standings
from eloquence_pipeline.reporting.html.load_words import LIMIT_ADVICE, LIMIT_SIDES, limit_bound, limit_figure
from eloquence_pipeline.reporting.html.text import Text, joined, milliseconds, per_cent, plural
from eloquence_pipeline.reporting.html.verdict import figure_tile, missed_text
from eloquence_pipeline.reporting.html.words import STATUS_COLOURS, STATUSES

_MOST_NAMED = 5
"""Of the sessions that broke off, and of the reasons why others were not measured."""
_TESTER_GAVE_UP = Text(
    "Rien ne peut être dit du serveur : le testeur était à sa limite",
    "Nothing can be said of the server: the tester was at its limit",
)
_SILENT = Text("Rien n'a été dit jusqu'au bout", "Nothing was said to its end")
_NO_LIMIT = Text("aucune limite atteinte", "no limit was reached")
_PACING = {"pacing_lateness_p99_ms", "event_loop_lag_p99_ms", "frames_late_ratio"}


def load_headline(result: LoadResult) -> Headline:
    """Return the verdict over all sessions."""
    blame, advice = _blame(result)
    return Headline(
        colour=STATUS_COLOURS[result.verdict.status],
        status=STATUSES[result.verdict.status],
        sentence=_sentence(result),
        problems=tuple(_problems(result)),
        more=tuple(_more(result)),
        blame=blame,
        advice=advice,
    )


def _sentence(result: LoadResult) -> Text:
    status, count = result.verdict.status, result.sessions_planned
    if status is VerdictStatus.FAILED:
        return _failed(result)
    if status is VerdictStatus.INVALID:
        return _invalid(result)
    if count == 1:
        return Text("La voix est bonne dans cette session", "The voice is good in this session")
    return Text(f"La voix est bonne dans les {count} sessions", f"The voice is good in all {count} sessions")


def _failed(result: LoadResult) -> Text:
    bad, planned = standings(result)[Standing.BAD], result.sessions_planned
    if not bad:
        return _SILENT
    if planned == 1:
        return Text("La voix n'est pas bonne dans cette session", "The voice is not good in this session")
    return Text(
        f"La voix n'est pas bonne dans {bad} des {planned} sessions",
        f"The voice is not good in {bad} of {planned} sessions",
    )


def _invalid(result: LoadResult) -> Text:
    if result.limit.side is LimitSide.TESTER:
        return _TESTER_GAVE_UP
    lacking, planned = result.sessions_planned - result.sessions_measured, result.sessions_planned
    if lacking == 1:
        return Text(
            f"Une des {planned} sessions n'a pas été mesurée", f"One of {planned} sessions was not measured"
        )
    return Text(
        f"{lacking} des {planned} sessions n'ont pas été mesurées",
        f"{lacking} of {planned} sessions were not measured",
    )


def _blame(result: LoadResult) -> tuple[Text | None, Text | None]:
    """Return whose limit it was, by what it says of itself, and what to do."""
    side = result.limit.side
    if side is LimitSide.NONE:
        return None, None
    known = {
        LimitSide.SERVER: _server_clause(result.server),
        LimitSide.NETWORK: Text(
            "le testeur a tenu sa cadence, et le serveur avait de la marge",
            "the tester kept its pace, and the server had room",
        ),
        LimitSide.SERVER_OR_NETWORK: Text(
            "le testeur a tenu sa cadence, les chiffres du serveur ne sont pas connus",
            "the tester kept its pace, the server's figures are not known",
        ),
    }.get(side)
    told = LIMIT_SIDES[side]
    return (told if known is None else told + Text(" : ", ": ") + known), LIMIT_ADVICE[side]


def _server_clause(server: ServerFigures | None) -> Text | None:
    if server is None:
        return None
    busy, answer = per_cent(server.cpu_ratio / server.cores, 0), milliseconds(server.answer_max_ms, 0)
    told = Text(
        f"{busy} de ses {server.cores} cœurs, réponse en {answer} au plus",
        f"{busy} of its {server.cores} cores, answer within {answer} at most",
    )
    if server.forwarded_late_ratio:
        late = per_cent(server.forwarded_late_ratio)
        told += Text(
            f", {late} des paquets gardés plus de 20 ms", f", {late} of the packets kept for more than 20 ms"
        )
    if server.packets_dropped:
        told += Text(
            f", {server.packets_dropped} paquets jetés", f", {server.packets_dropped} packets dropped"
        )
    return told


def _problems(result: LoadResult) -> list[Problem]:
    """Return everything that is wrong: the tester first, since it may have spoilt all the rest."""
    found = _tester_problems(result)
    found += [
        Problem(missed_text(figure), anchor="sessions")
        for figure in result.verdict.figures
        if not figure.passed
    ]
    broken = [one for one in result.sessions if one.failure]
    found += [Problem(_broken_off(one), anchor="sessions") for one in broken[:_MOST_NAMED]]
    if left := len(broken) - _MOST_NAMED:
        found += [Problem(_others(left), anchor="sessions")] if left > 0 else []
    return found + _missing(result)


def _tester_problems(result: LoadResult) -> list[Problem]:
    limit, count = result.limit, len(result.sessions)
    invalid = result.sessions_invalid
    figure = limit_figure(limit) if limit.side is LimitSide.TESTER else None
    found: list[Problem] = []
    if invalid:
        told = Text(
            f"le testeur n'a pas tenu la cadence de {invalid} des {count} sessions",
            f"the tester did not keep the pace of {invalid} of {count} sessions",
        )
        if figure is not None and limit.figure in _PACING:
            told += Text(" ; ", "; ") + figure
        found.append(Problem(told, anchor="tester"))
    if figure is not None and limit.figure not in _PACING:
        shared = result.server is not None and result.server.is_on_this_machine
        more = Text(", que le serveur partage", ", which the server shares") if shared else Text("", "")
        found.append(Problem(figure + (more if limit.figure == "host_busy_ratio" else ""), anchor="tester"))
    return found


def _broken_off(session: SessionFigures) -> Text:
    return Text(
        f"session {session.session} interrompue : {session.failure}",
        f"session {session.session} broke off: {session.failure}",
    )


def _sessions(count: int) -> Text:
    return plural(count, ("session", "sessions"), ("session", "sessions"))


def _others(count: int) -> Text:
    return plural(count, ("autre session", "autres sessions"), ("other session", "other sessions"))


def _missing(result: LoadResult) -> list[Problem]:
    """Return which sessions were not measured, by the reason; those of a lost load cell with it."""
    lost = result.lost_cells if isinstance(result, ManyMachinesResult) else ()
    found = [Problem(_lost(one), anchor="machines") for one in lost[:_MOST_NAMED]]
    told = {session for one in lost for session in one.sessions}
    by_reason: defaultdict[str, list[int]] = defaultdict(list)
    for one in result.not_measured:
        if one.session not in told:
            by_reason[one.reason].append(one.session)
    for reason, sessions in list(by_reason.items())[:_MOST_NAMED]:
        names = ", ".join(str(number) for number in sessions[:_MOST_NAMED])
        names += "…" if len(sessions) > _MOST_NAMED else ""
        count = _not_measured(len(sessions))
        found.append(
            Problem(
                Text(f"{count.fr} ({names}) : {reason}", f"{count.en} ({names}): {reason}"),
                anchor="sessions",
            )
        )
    return found


def _lost(one: LostCell) -> Text:
    count = _not_measured(len(one.sessions))
    return Text(
        f"cellule de charge {one.cell} perdue, {count.fr} : {one.reason}",
        f"load cell {one.cell} lost, {count.en}: {one.reason}",
    )


def _not_measured(count: int) -> Text:
    return plural(
        count,
        ("session non mesurée", "sessions non mesurées"),
        ("session not measured", "sessions not measured"),
    )


def _more(result: LoadResult) -> list[Text]:
    counts = standings(result)
    figures = result.figures
    delay = figures.one_way_delay_ms
    told = [_counts_clause(result, counts)]
    told.append(
        Text(
            f"{figures.phrases_received} phrases reçues sur {figures.phrases_sent}",
            f"{figures.phrases_received} of {figures.phrases_sent} phrases received",
        )
    )
    if delay.median is not None:
        median, p95 = milliseconds(delay.median), milliseconds(delay.p95)
        told.append(
            Text(f"aller simple {median} (médiane), {p95} (p95)", f"one way {median} (median), {p95} (p95)")
        )
    return told + ([_NO_LIMIT] if result.limit.side is LimitSide.NONE else [])


def _counts_clause(result: LoadResult, counts: dict[Standing, int]) -> Text:
    """Return how many sessions have a good voice, and what the others have."""
    good, planned = counts[Standing.GOOD], result.sessions_planned
    parts = [
        Text(
            f"{_sessions(good).fr} sur {planned} avec une bonne voix",
            f"{good} of {_sessions(planned).en} with a good voice",
        )
    ]
    rest = (
        (counts[Standing.BAD], ("avec une mauvaise", "avec une mauvaise"), "with a bad one"),
        (counts[Standing.SILENT], ("sans aucune phrase", "sans aucune phrase"), "without any phrase"),
        (counts[Standing.INVALID], ("non valide", "non valides"), "invalid"),
        (result.sessions_not_measured, ("non mesurée", "non mesurées"), "not measured"),
    )
    parts += [plural(count, french, (english, english)) for count, french, english in rest if count]
    if result.background_planned:
        carried = f"{result.background_carried}/{result.background_planned}"
        parts.append(Text(f"{carried} en fond, non mesurées", f"{carried} in the background, not measured"))
    return joined(", ", parts)


def load_tiles(result: LoadResult) -> tuple[Tile, ...]:
    """Return sessions with a good voice, the judged figures, and how busy the tester was."""
    good = standings(result)[Standing.GOOD]
    status = result.verdict.status
    first = Tile(
        name=Text("sessions avec une bonne voix", "sessions with a good voice"),
        value=f"{good} / {result.sessions_planned}",
        judged=STATUSES[status],
        colour=STATUS_COLOURS[status],
        note=Text("", ""),
    )
    return (first, *map(figure_tile, result.verdict.figures), *_pace_tiles(result))


def _pace_tiles(result: LoadResult) -> list[Tile]:
    tester = result.limit.side is LimitSide.TESTER
    bound_ms = result.thresholds.get("pacing_lateness_p99_ms")
    lateness = [one.figures.tester.pacing_lateness_p99_ms for one in result.sessions]
    tiles: list[Tile] = []
    if lateness and bound_ms is not None:
        invalid = result.sessions_invalid
        bound = f"≤ {bound_ms:g} ms"
        tiles.append(
            Tile(
                name=Text("testeur : retard d'émission p99", "tester: sent late, p99"),
                value=milliseconds(max(lateness)),
                judged=Text("cadence non tenue", "pace not kept")
                if invalid
                else Text("cadence tenue", "pace kept"),
                colour="red" if invalid else "green",
                note=Text(f"seuil {bound}, pire session", f"threshold {bound}, worst session"),
            )
        )
    host = result.host
    busy = tester and result.limit.figure == "host_busy_ratio"
    bound = (
        f" ({limit_bound(result.limit.figure, result.limit.bound)})" if busy and result.limit.bound else ""
    )
    tiles.append(
        Tile(
            name=Text("machine du testeur", "tester's machine"),
            value=per_cent(host.busy_ratio_avg, 0),
            judged=Text("saturée" + bound, "saturated" + bound) if busy else Text("occupée", "busy"),
            colour="red" if busy else "grey",
            note=Text(
                f"de {host.cores} cœurs, p95 {per_cent(host.busy_ratio_p95, 0)}",
                f"of {host.cores} cores, p95 {per_cent(host.busy_ratio_p95, 0)}",
            ),
        )
    )
    return tiles
