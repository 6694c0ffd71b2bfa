"""One figure that nights are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One figure of a night, and how it is judged.

    Attributes
    ----------
    name
        By which results, settings and words know it.
    unit
        Of its values.
    least_scatter
        Standard deviation below which nights count as equal: what the figure cannot tell apart.
    assumed_scatter
        Standard deviation between nights that is assumed while there are too few to know it.
    place
        Where it stands in the result of a call; of a loss, the object with ``lost`` and ``total``. Empty for
        what is made of several calls.
    weight
        Its share of the false alarms; the delay itself has more of it.
    setting
        Name of the setting with its smallest difference that matters, where that is not its own.
    """

    name: str
    unit: Literal["ms", "ratio", "score"]
    least_scatter: float
    assumed_scatter: float
    place: str = ""
    weight: float = 1.0
    more_is_better: bool = False
    is_loss: bool = False
    setting: str = ""

    @property
    def smallest_difference(self) -> str:
        """The name of the setting with the smallest difference that matters."""
        return self.setting or self.name
