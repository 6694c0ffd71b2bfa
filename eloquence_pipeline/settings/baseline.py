"""The settings of the comparison with earlier nights."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from eloquence_pipeline.settings.sections import Section
from eloquence_pipeline.settings.values import NoneIfEmpty

FEWEST_NIGHTS = 5
"""From so many on, their own scatter is what a night is judged by."""

_Milliseconds = Annotated[float, Field(gt=0, le=60_000)]
_Ratio = Annotated[float, Field(gt=0, le=1)]


class SmallestDifferences(Section):
    """What has to be exceeded before a change matters, however sure it is."""

    one_way_delay_median_ms: _Milliseconds = Field(default=2.0, description="Median one-way delay.")
    one_way_delay_p95_ms: _Milliseconds = Field(
        default=5.0, description="95th percentile of the one-way delay."
    )
    network_delay_median_ms: _Milliseconds = Field(default=2.0, description="The network's share of it.")
    phrase_loss_ratio: _Ratio = Field(default=0.01, description="Phrases not received; 0.01 is 1 %.")
    rtp_loss_ratio: _Ratio = Field(default=0.01, description="RTP packets lost.")
    concealed_ratio: _Ratio = Field(default=0.01, description="Sound that the jitter buffer made up.")
    mos_lqo_mean: Annotated[float, Field(gt=0, le=5)] = Field(default=0.1, description="Mean MOS-LQO.")
    calls_not_back_ratio: _Ratio = Field(default=0.01, description="Disturbed calls that did not come back.")
    calls_rejoined_ratio: _Ratio = Field(
        default=0.01, description="Disturbed calls that came back only by joining again."
    )
    audible_gap_median_ms: _Milliseconds = Field(
        default=100.0, description="Median audible gap of all disturbed calls, beyond the disturbance itself."
    )
    audible_gap_max_ms: _Milliseconds = Field(
        default=500.0, description="Longest audible gap, beyond the disturbance itself."
    )
    audible_gap_ms: _Milliseconds = Field(
        default=250.0, description="Audible gap of each kind of disturbance on each side."
    )


class BaselineSettings(Section):
    """The comparison of a night with the earlier ones."""

    enabled: bool = Field(default=True, description="Compare each run with the earlier ones.")
    nights: Annotated[int, Field(ge=FEWEST_NIGHTS, le=200)] = Field(
        default=21, description="How many good nights a night is compared with, at most."
    )
    days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=90, description="How many days back nights are looked for."
    )
    not_before: Annotated[date | None, NoneIfEmpty] = Field(
        default=None, description="Nights before this day (UTC) no longer count: a new beginning."
    )
    alpha: Annotated[float, Field(gt=0, le=0.2)] = Field(
        default=0.01, description="How often, at most, a night like all others may be called worse."
    )
    fails: bool = Field(default=False, description="A night that is worse fails, its evidence kept.")
    smallest: SmallestDifferences = Field(
        default_factory=SmallestDifferences, description="Differences below these do not matter."
    )
