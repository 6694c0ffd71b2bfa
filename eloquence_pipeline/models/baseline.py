"""A night beside the earlier ones: what each night was, and what has changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt

from eloquence_pipeline.models.base import Ratio, Record
from eloquence_pipeline.models.verdict import VerdictStatus


class Conditions(Record):
    """What two nights have to share before their figures can be compared."""

    scenario: str
    target: str
    network: str
    """Name of the simulated network, or else its conditions; empty without one."""
    network_conditions: str
    """What it does; a name may come to mean something else."""
    method_version: int
    parameters: dict[str, JsonValue]


class NightFigure(Record):
    """One figure of one night; of a loss also the counts behind it."""

    value: float
    lost: NonNegativeInt | None = None
    total: NonNegativeInt | None = None


class Night(Record):
    """One run as one observation: everything that is compared, and nothing else."""

    run_id: str
    started_at: datetime
    conditions: Conditions
    status: VerdictStatus
    figures: dict[str, NightFigure]
    """By name; a figure that the run does not have is not there."""


class Change(StrEnum):
    """What became of a figure, or of the whole night."""

    BETTER = "better"
    SAME = "same"
    """No change that is both large enough to matter and beyond the usual scatter."""
    WORSE = "worse"
    UNKNOWN = "unknown"
    """There is nothing to compare with."""


class LeftOut(StrEnum):
    """Why an earlier run is not among the nights that were compared with."""

    OTHER_TARGET = "other_target"
    OTHER_NETWORK = "other_network"
    OTHER_METHOD = "other_method"
    OTHER_PARAMETERS = "other_parameters"
    NOT_PASSED = "not_passed"
    JUDGED_WORSE = "judged_worse"
    """So that a regression does not become what is usual."""
    BEFORE_START = "before_start"
    """Older than the setting ``baseline.not_before``."""
    UNREADABLE = "unreadable"
    """Damaged, or of a newer version."""


class Since(Record):
    """The first of the nights, one after the other, in which a figure was worse."""

    run_id: str
    started_at: datetime
    nights: NonNegativeInt
    """How many there are, this one included."""


class FigureComparison(Record):
    """One figure beside those of the earlier nights."""

    figure: str
    unit: Literal["ms", "ratio", "score"]
    value: float | None
    """None where tonight does not have it; nothing is compared then."""
    usual: float | None = None
    """Mean of the earlier nights; of a loss, all that was lost over all that could be."""
    difference: float | None = None
    scatter: NonNegativeFloat | None = None
    """Standard deviation between nights that the test went by."""
    nights: NonNegativeInt = 0
    """How many earlier nights have it."""
    smallest_difference: NonNegativeFloat
    """What is smaller does not matter, however sure it is."""
    p_value: Ratio | None = None
    """Of the direction in which it changed, adjusted for the number of figures (weighted Holm)."""
    change: Change = Change.UNKNOWN
    since: Since | None = None
    """Where it is worse."""


class BaselineComparison(Record):
    """A night beside the last good ones of the same conditions."""

    change: Change
    """Worse if any figure is, else better if any is."""
    provisional: bool = False
    """Fewer nights than it takes to know their scatter, which was assumed: nothing fails by it."""
    fails: bool = False
    """Whether a night that is worse, and not only provisionally so, fails."""
    alpha: Ratio
    """How often, at most, a night like all others is called worse."""
    nights: tuple[str, ...] = ()
    """The run ids of the nights that were compared with, oldest first."""
    figures: tuple[FigureComparison, ...] = ()
    left_out: dict[LeftOut, NonNegativeInt] = Field(default_factory=dict[LeftOut, int])
    """How many runs of the look-back were left out, by the reason."""
    notes: tuple[str, ...] = ()
    """What kept nights from being read, or this one from being judged."""

    @property
    def is_regression(self) -> bool:
        """Whether the night fails because it is worse."""
        return self.fails and self.change is Change.WORSE and not self.provisional

    def of(self, change: Change) -> tuple[FigureComparison, ...]:
        """Return the figures that changed in one way."""
        return tuple(figure for figure in self.figures if figure.change is change)


def with_nights(status: VerdictStatus, comparison: BaselineComparison | None) -> VerdictStatus:
    """Return the status of a run: one that passed fails where it is worse than the nights before."""
    worse = comparison is not None and comparison.is_regression
    return VerdictStatus.FAILED if worse and status is VerdictStatus.PASSED else status


class PairComparison(Record):
    """Two runs side by side; two observations, so nothing is tested."""

    first: Night
    second: Night
    differing: tuple[str, ...]
    """The conditions that they do not share, by name."""
    figures: tuple[FigureComparison, ...]
    """Of the second run, the first one's as what is usual; better or worse where the difference matters."""
