"""The version of the measuring method, and what belongs to it."""

from __future__ import annotations

from eloquence_pipeline.models import Stage

METHOD_VERSION = 7
"""Raised with every change that can change a figure of an old recording.
2: RTP figures count every stream of a speaker, also those before a full reconnect.
3: phrases are assigned to places together and in order, and followed along their windows: one that is
repeated or whose delay changes while it is said is found; the delay of a phrase is that of its median
window. Correlations of 16-bit samples are exact.
4: the last digits of confidence and correlation no longer depend on the kind of the processor.
5: speech at another speed has no delay, rather than that of the pitch period next to it; the uncertainty
has a part for the interpolation.
6: a short phrase of which the jitter buffer stretched or shortened the middle is looked for in pieces, where
the phrases around it were received; it counted as lost. Other speeds are told apart in steps of 0.1 %, of
phrases of up to 2.5 s; those of 0.3 and 0.4 % had windows 10 ms off. The arrival of packets is timed by the
kernel's wall clock, which the SDK's is; network delays were 0.3 to 0.6 ms too high, some of them 1.9.
7: the network's share of a phrase is that of its own packets; those up to a second before and after it
counted as well, so the remainder was blamed where the network had changed between two phrases. It is never
below zero by more than its uncertainty; where counts were ambiguous it could be."""

MAX_ONE_WAY_DELAY_SECONDS = 3.0
"""A phrase is looked for up to this much after it was sent; what comes later is lost to the ear."""

MIN_PEAK_TO_SIDELOBE_RATIO = 1.15

FREEDOM_TO_JUMP = 0.1
"""By how much a phrase that is at no single place has to be above its gate: so much more can other speech, or
the same at another speed, be like it when each part may lie where it fits best."""

WINDOW_SECONDS, WINDOW_HOP_SECONDS = 0.2, 0.1
"""Delay along a phrase is measured in windows of this length, this far apart."""

MIN_WINDOW_PEAK = 0.5
"""Normalised correlation below which a window has no delay of its own."""

AGREEMENT_MS = 0.5
"""Windows that are this close to the median window have the phrase's delay."""

_LONG_SECONDS, _LONG_MIN_PEAK = 1.5, 0.5
_SHORT_SECONDS, _SHORT_MIN_PEAK = 0.5, 0.8


def min_correlation_peak(duration_seconds: float) -> float:
    """Return the normalised peak that a phrase of this length has to reach to count as received.

    The shorter a phrase, the more other speech looks like it by chance: 0.8 up to half a second, 0.5 from one
    and a half on, linear between. The distributions that this lies between are in
    docs/adr/0001-measuring-method.md.
    """
    share = (duration_seconds - _SHORT_SECONDS) / (_LONG_SECONDS - _SHORT_SECONDS)
    return _SHORT_MIN_PEAK + min(max(share, 0.0), 1.0) * (_LONG_MIN_PEAK - _SHORT_MIN_PEAK)


USUAL_MS = {
    Stage.GENERATION: 60.0,
    Stage.SEND: 0.5,
    Stage.NETWORK: 1.5,
    Stage.JITTER_BUFFER: 35.0,
    Stage.REMAINDER: 17.0,
}
"""What each stage takes on a clean loopback; measured values are in docs/adr/0007-delay-budget.md."""

AUDIBLE_EXCESS_MS = 20.0
"""Below one packet of 20 ms no stage is blamed."""
