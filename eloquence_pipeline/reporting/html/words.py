"""The words of the report in both languages; the French ones are those of the terminal."""

from __future__ import annotations

from eloquence_pipeline.models import (
    Bottleneck,
    Change,
    DisagreementKind,
    DisturbanceKind,
    DisturbedSide,
    FigureVerdict,
    LatencyClass,
    LeftOut,
    LossClass,
    QualityClass,
    Recovery,
    Stage,
    VerdictStatus,
    gap_name,
)
from eloquence_pipeline.reporting.advice import ADVICE, STAGE_WORDS, WHAT_IT_MEANS
from eloquence_pipeline.reporting.baseline import (
    CHANGE_WORDS,
    LEFT_OUT_WORDS,
    NIGHT_FIGURE_WORDS,
    UNSURE_WORD,
)
from eloquence_pipeline.reporting.colours import class_style
from eloquence_pipeline.reporting.html.text import Text
from eloquence_pipeline.reporting.losses import WHAT_IT_POINTS_AT
from eloquence_pipeline.reporting.reconnection import RECOVERY_WORDS, SIDE_WORDS
from eloquence_pipeline.reporting.wording import FIGURE_WORDS, STATUS_WORDS

STATUSES = {
    VerdictStatus.PASSED: Text(STATUS_WORDS[VerdictStatus.PASSED], "PASSED"),
    VerdictStatus.FAILED: Text(STATUS_WORDS[VerdictStatus.FAILED], "FAILED"),
    VerdictStatus.INVALID: Text(STATUS_WORDS[VerdictStatus.INVALID], "INVALID"),
}
STATUS_COLOURS = {VerdictStatus.PASSED: "green", VerdictStatus.FAILED: "red", VerdictStatus.INVALID: "yellow"}

_FIGURES = {
    "latency_avg_ms": "average latency",
    "latency_max_ms": "highest latency",
    "phrase_loss_ratio": "phrases lost",
    "rtp_packet_loss_ratio": "RTP packets lost",
    "mos_lqo_min": "lowest quality (ViSQOL)",
    "stoi_min": "lowest intelligibility (STOI)",
}
FIGURES = {name: Text(FIGURE_WORDS[name], english) for name, english in _FIGURES.items()}

CLASSES: dict[str, str] = {
    LatencyClass.EXCELLENT: "excellent",
    LatencyClass.GOOD: "good",
    LatencyClass.ACCEPTABLE: "acceptable",
    LatencyClass.PROBLEMATIC: "problematic",
    LossClass.EXCELLENT: "excellent",
    LossClass.ACCEPTABLE: "acceptable",
    LossClass.PROBLEMATIC: "problematic",
    QualityClass.SUFFICIENT: "sufficient",
    QualityClass.INSUFFICIENT: "insufficient",
}
"""English names by the French ones, which classes of different kinds share."""
_CLASS_COLOURS = {"green": "green", "yellow": "yellow", "dark_orange": "orange", "red": "red"}

_STAGES = {
    Stage.GENERATION: "synthesis",
    Stage.SEND: "send queue",
    Stage.NETWORK: "network",
    Stage.JITTER_BUFFER: "jitter buffer",
    Stage.REMAINDER: "codec and playout",
}
STAGES = {stage: Text(STAGE_WORDS[stage], english) for stage, english in _STAGES.items()}
STAGE_COLOURS = {
    Stage.GENERATION: "purple",
    Stage.NETWORK: "blue",
    Stage.JITTER_BUFFER: "orange",
    Stage.REMAINDER: "grey",
}
"""Of the stages that make up the end-to-end delay, in the order of time."""

_MEANING = {
    Stage.GENERATION: "synthesising the speech takes time before the first word leaves",
    Stage.SEND: "this machine sends the sound late",
    Stage.NETWORK: "packets take time to cross the network and the server",
    Stage.JITTER_BUFFER: "packets arrive unevenly, and the receiver waits to put them in order",
    Stage.REMAINDER: "the receiver is slow to decode and play the sound",
}
_WHAT_TO_DO = {
    Stage.GENERATION: "synthesise the phrases ahead, or choose a faster voice",
    Stage.SEND: "close what keeps this machine busy, and run the test again",
    Stage.NETWORK: "check the load of the network and the distance to the LiveKit server; compare with a "
    "server that is nearer",
    Stage.JITTER_BUFFER: "check the load of the network (wifi, VPN) and of the LiveKit server; an even path "
    "makes this buffer smaller by itself",
    Stage.REMAINDER: "check the load of the machine that listens",
}

_NIGHT_FIGURES = {
    "one_way_delay_median_ms": "median delay",
    "one_way_delay_p95_ms": "delay p95",
    "network_delay_median_ms": "network (median)",
    "phrase_loss_ratio": "phrases lost",
    "rtp_loss_ratio": "RTP packets lost",
    "concealed_ratio": "sound made up",
    "mos_lqo_mean": "quality (ViSQOL), mean",
    "calls_not_back_ratio": "calls that did not come back",
    "calls_rejoined_ratio": "calls that joined again",
    "audible_gap_median_ms": "audible gap, median",
    "audible_gap_max_ms": "audible gap, longest",
    **{
        gap_name(kind, side): f"audible gap {kind}, {side}"
        for kind in DisturbanceKind
        for side in DisturbedSide
    },
}
NIGHT_FIGURES = {name: Text(NIGHT_FIGURE_WORDS[name], english) for name, english in _NIGHT_FIGURES.items()}
_CHANGES = {Change.BETTER: "better", Change.SAME: "the same", Change.WORSE: "worse", Change.UNKNOWN: "—"}
CHANGES = {change: Text(CHANGE_WORDS[change], english) for change, english in _CHANGES.items()}
UNSURE = Text(UNSURE_WORD, "unsure")
_LEFT_OUT = {
    LeftOut.OTHER_TARGET: "other target",
    LeftOut.OTHER_NETWORK: "other simulated network",
    LeftOut.OTHER_METHOD: "other version of the method",
    LeftOut.OTHER_PARAMETERS: "other parameters",
    LeftOut.NOT_PASSED: "not passed",
    LeftOut.JUDGED_WORSE: "judged worse",
    LeftOut.BEFORE_START: "too old",
    LeftOut.UNREADABLE: "unreadable",
}
LEFT_OUT = {reason: Text(LEFT_OUT_WORDS[reason], english) for reason, english in _LEFT_OUT.items()}

_DISAGREEMENTS = {
    DisagreementKind.MISSING_OUTSIDE_RTP: "speech is missing although the packets arrived and the "
    "jitter buffer "
    "made up almost nothing: look at the sender before its encoder and at the receiver after its decoder",
    DisagreementKind.MISSING_AND_CONCEALED: "speech is missing and was made up although the packets "
    "arrived: too "
    "late, or not sent for a while; look at the jitter buffer, outages and the sender",
    DisagreementKind.CONCEALED_WITHOUT_LOSS: "the jitter buffer made up sound although the packets "
    "arrived: too "
    "late, or not sent for a while; look at jitter, outages and the sender",
    DisagreementKind.HIDDEN_BY_REDUNDANCY: "RTP packets are missing and the sound suffers less than that: "
    "redundancy (RED or FEC) hid the loss from the ear",
    DisagreementKind.PHRASES_WITHOUT_LOSS: "phrases were not received although their packets arrived: "
    "look for a "
    "muted track, a wrong stream, or speech that is hard to recognise",
}
DISAGREEMENTS = {kind: Text(WHAT_IT_POINTS_AT[kind], english) for kind, english in _DISAGREEMENTS.items()}

_SIDES = {DisturbedSide.SPEAKER: "speaker", DisturbedSide.LISTENER: "listener", DisturbedSide.BOTH: "both"}
SIDES = {side: Text(SIDE_WORDS[side], english) for side, english in _SIDES.items()}
_RECOVERIES = {
    Recovery.UNAIDED: "came back unaided",
    Recovery.REJOINED: "came back by joining again",
    Recovery.NONE: "did not come back",
}
RECOVERIES = {recovery: Text(RECOVERY_WORDS[recovery], english) for recovery, english in _RECOVERIES.items()}
DISTURBANCES = {
    DisturbanceKind.SIGNAL_RECONNECT: Text("signalisation coupée", "signalling closed"),
    DisturbanceKind.FULL_RECONNECT: Text("nouvelle session demandée", "new session asked for"),
    DisturbanceKind.NODE_FAILURE: Text("panne du nœud", "node failure"),
    DisturbanceKind.MIGRATION: Text("déplacement vers un autre nœud", "moved to another node"),
    DisturbanceKind.DISCONNECT_SIGNAL_ON_RESUME: Text(
        "signalisation coupée deux fois", "signalling closed twice"
    ),
    DisturbanceKind.SERVER_LEAVE: Text("renvoyé par le serveur", "sent away by the server"),
    DisturbanceKind.PARTICIPANT_REMOVED: Text("retiré de la salle", "removed from the room"),
    DisturbanceKind.TOKEN_EXPIRED: Text("jeton expiré", "token expired"),
    DisturbanceKind.SERVER_RESTART: Text("serveur redémarré", "server restarted"),
    DisturbanceKind.BLACKOUT_1S: Text("réseau coupé 1 s", "network down for 1 s"),
    DisturbanceKind.BLACKOUT_3S: Text("réseau coupé 3 s", "network down for 3 s"),
    DisturbanceKind.BLACKOUT_8S: Text("réseau coupé 8 s", "network down for 8 s"),
    DisturbanceKind.BLACKOUT_20S: Text("réseau coupé 20 s", "network down for 20 s"),
}


def class_text(judged: LatencyClass | LossClass | QualityClass) -> Text:
    """Return the name of a class."""
    return Text(str(judged), CLASSES[judged])


def class_colour(figure: FigureVerdict) -> str:
    """Return the name of the colour of a figure's class on the page."""
    # In a stored result a class is a word, and "acceptable" is one of a latency and one of a loss.
    kind = {"ms": LatencyClass, "ratio": LossClass, "score": QualityClass}[figure.unit]
    return _CLASS_COLOURS[class_style(kind(str(figure.judged)))]


def figure_text(figure: FigureVerdict) -> Text:
    """Return the name of a judged figure, with its speaker where several speak."""
    return FIGURES[figure.figure] + (f" ({figure.speaker})" if figure.speaker else "")


def blame_text(found: Bottleneck) -> Text:
    """Return what is to blame and by how much, or that nothing is."""
    if found.stage is None:
        return Text("aucune étape : chacune prend son temps habituel", "no stage: each takes its usual time")
    stage = STAGES[found.stage]
    value, usual = f"{found.value_ms:.0f} ms", f"{found.usual_ms:.0f} ms"
    return Text(
        f"{stage.fr}, {value} au lieu de {usual} ({WHAT_IT_MEANS[found.stage]})",
        f"{stage.en}, {value} instead of {usual} ({_MEANING[found.stage]})",
    )


def advice_text(stage: Stage) -> Text:
    """Return what to do about a stage that takes long."""
    return Text(ADVICE[stage], _WHAT_TO_DO[stage])
