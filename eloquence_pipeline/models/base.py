"""What all models share: they are frozen and closed, and files are named with their checksum."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

Ratio = Annotated[float, Field(ge=0, le=1)]


class Record(BaseModel):
    """Base of all models: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResultDocument(Record):
    """Base of what stands in a ``results.json``."""

    def to_json(self) -> str:
        """Return the text of the file."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"


class FileReference(Record):
    """One file of a run, named relative to the folder (or key prefix) of the run."""

    name: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    byte_count: NonNegativeInt
