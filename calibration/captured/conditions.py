"""The networks that are captured."""

from __future__ import annotations

from typing import NamedTuple

from eloquence_pipeline.models import NetworkConditions, parse_conditions

SEED = 20


class CallPlan(NamedTuple):
    """One call.

    Attributes
    ----------
    name
        In words.
    network
        As for ``--network``.
    both
        Whether the listener's network is like the speaker's; otherwise it does nothing.
    """

    name: str
    network: str
    both: bool = True

    @property
    def speaker(self) -> NetworkConditions:
        """What is asked of the speaker's network."""
        return parse_conditions(self.network).model_copy(update={"seed": SEED})

    @property
    def listener(self) -> NetworkConditions:
        """What is asked of the listener's network."""
        return self.speaker if self.both else NetworkConditions(seed=SEED)


PLANS = [
    CallPlan("clean", ""),
    CallPlan("loss", "loss=5"),
    CallPlan("loss, latency and jitter", "loss=10,latency=80,jitter=10"),
    CallPlan("loss in bursts", "loss=10,burst=4"),
    CallPlan("reordering", "reorder=5"),
    CallPlan("duplicates", "duplicate=5"),
    CallPlan("narrow link", "bandwidth=64,queue=100"),
    CallPlan("blackout of 3 s", "outage=3,every=8"),
    CallPlan("latency", "latency=80", both=False),
    CallPlan("jitter of 10 ms", "latency=80,jitter=10", both=False),
    CallPlan("jitter of 20 ms", "latency=80,jitter=20", both=False),
]
