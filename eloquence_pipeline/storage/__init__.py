"""Evidence: a folder for each run on this machine, and the same files in an S3 bucket."""

from eloquence_pipeline.storage.archive import archive
from eloquence_pipeline.storage.evidence import RunFolder, require_writable
from eloquence_pipeline.storage.keys import new_run_id, run_prefix
from eloquence_pipeline.storage.object_store import DEFAULT_BUCKET, ObjectStore
from eloquence_pipeline.storage.store import EvidenceStore, open_store
from eloquence_pipeline.storage.sync import pending_runs, sync

__all__ = [
    "DEFAULT_BUCKET",
    "EvidenceStore",
    "ObjectStore",
    "RunFolder",
    "archive",
    "new_run_id",
    "open_store",
    "pending_runs",
    "require_writable",
    "run_prefix",
    "sync",
]
