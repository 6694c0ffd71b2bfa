"""What a coordinator and its load cells say to each other: small objects in the store, written once.

Below the prefix of the coordinator's run::

    signals/plan.json       what all are to do
    signals/join.json       the machines are free
    signals/start.json      when all begin to speak
    signals/over.json       the coordinator has ended
    cells/0001-here.json    a load cell is there
    cells/0001-ready.json   its sessions have joined
    cells/0001-figures.json what it measured

The store is the one thing that all machines reach anyway, with no port to be opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.files import write_atomically
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.patience import patiently_awaited
from eloquence_pipeline.storage.store import EvidenceStore

PLAN, JOIN, START, OVER = (f"signals/{name}.json" for name in ("plan", "join", "start", "over"))
HERE, READY, FIGURES = "here", "ready", "figures"
CELLS_FOLDER = "cells/"
_CELL_NOTE = re.compile(r"cells/(?P<cell>\d{4,})-(?P<kind>[a-z]+)\.json")
_PATIENCE_SECONDS = 30.0

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def note_of(cell: int, kind: str) -> str:
    """Return the name of a load cell's note."""
    return f"{CELLS_FOLDER}{cell:04d}-{kind}.json"


class Exchange:
    """Notes below one prefix of a store, with a copy of each in a run's own folder.

    Parameters
    ----------
    store
        That all machines reach.
    prefix
        Of the coordinator's run; ends with a slash.
    folder
        Of the run of whoever uses this: what is said and read belongs to its evidence.
    """

    def __init__(self, store: EvidenceStore, prefix: str, folder: RunFolder) -> None:
        self._store = store
        self._prefix = prefix
        self._folder = folder

    async def say(self, name: str, note: BaseModel) -> None:
        """Write a note, for all to read.

        Raises
        ------
        StorageError
            If the store refuses.
        StorageUnavailable
            If it does not answer.
        """
        file = self._folder.write_model(name, note)
        path = self._folder.path / name
        await self._ask(
            lambda: self._store.put_file(self._prefix + name, path, file.sha256, "application/json")
        )

    async def is_said(self, name: str) -> bool:
        """Whether a note is there; errors as of :meth:`say`."""
        key = self._prefix + name
        return key in await self._ask(lambda: self._store.list_keys(key))

    async def cells_that_said(self, kind: str) -> dict[int, datetime]:
        """Return which load cells have left a note of one kind, and when this was seen."""
        keys = await self._ask(lambda: self._store.list_keys(self._prefix + CELLS_FOLDER))
        seen_at = datetime.now(UTC)
        notes = [_CELL_NOTE.fullmatch(key.removeprefix(self._prefix)) for key in keys]
        return {int(note["cell"]): seen_at for note in notes if note and note["kind"] == kind}

    async def read(self, name: str, model: type[M]) -> M:
        """Return a note.

        Raises
        ------
        StorageError
            If it is not there or damaged, or the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        content = await self._ask(lambda: self._store.get_bytes(self._prefix + name))
        try:
            note = model.model_validate_json(content)
        except ValidationError:
            raise StorageError(
                f"{self._store.uri(self._prefix + name)} is not what it should be",
                remedy="let all machines run the same version of the pipeline",
            ) from None
        if not self._folder.is_sealed:
            # The same bytes as in the store: the manifest of the run names them with their checksum.
            write_atomically(self._folder.file(name), content)
        return note

    async def _ask(self, action: Callable[[], T]) -> T:
        return await patiently_awaited(lambda _: action(), _PATIENCE_SECONDS)
