"""A MinIO for one benchmark: in a folder of its own, and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from eloquence_pipeline.servers import embedded_servers
from eloquence_pipeline.settings import FolderSettings, load_settings
from eloquence_pipeline.storage import ObjectStore


@contextmanager
def own_store() -> Generator[tuple[Path, ObjectStore]]:
    """Give a folder for results, and an empty store beside it."""
    with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
        place = Path(folder)
        folders = FolderSettings(
            results=place / "results",
            cache=load_settings().folders.cache,
            data=place / "data",
            state=place / "state",
        )
        settings = load_settings().model_copy(update={"folders": folders})
        with embedded_servers(settings, livekit=False, s3=True, prefect=False) as endpoints:
            assert endpoints.s3 is not None
            store = ObjectStore(
                endpoint_url=endpoints.s3.endpoint_url,
                access_key=endpoints.s3.access_key,
                secret_key=endpoints.s3.secret_key,
            )
            store.ensure(create=True)
            yield folders.results, store
