"""A stored result beside the one that the same recording gives today."""

from __future__ import annotations

from pydantic import JsonValue, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Record


class FigureChange(Record):
    """One figure that is not what it was."""

    figure: str
    """Its place in the result, as ``delay.one_way_delay_ms.median`` or ``phrases.3.received``."""
    stored: JsonValue
    now: JsonValue

    @property
    def difference(self) -> float | None:
        """How much more it is now; None where either is no number."""
        stored, now = _number(self.stored), _number(self.now)
        return None if stored is None or now is None else now - stored


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class Comparison(Record):
    """Every figure of a stored result against that of a new analysis."""

    stored_method_version: PositiveInt
    method_version: PositiveInt
    compared: NonNegativeInt
    """Number of figures that both have."""
    changes: tuple[FigureChange, ...]
    """Figures that both have, and that differ."""
    added: tuple[str, ...]
    """Figures that the stored result does not have."""
    removed: tuple[str, ...]
    """Figures that only the stored result has."""

    @property
    def is_same(self) -> bool:
        """Whether every figure that the stored result has is the same to the last digit."""
        return not (self.changes or self.removed)
