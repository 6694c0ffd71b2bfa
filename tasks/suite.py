"""The task that keeps the results of several tests together."""

from __future__ import annotations

from datetime import datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.models import Archive, SuitePart, SuiteRecord
from eloquence_pipeline.reporting.suite import Errors, Parts
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import RESULTS_FILE
from tasks.archive import report_beside, sealed_and_sent

SCENARIO = "suite"


@task(name="keep suite", task_run_name="keep suite", persist_result=False, cache_policy=NO_CACHE)
async def keep_suite(parts: Parts, errors: Errors, started_at: datetime, settings: Settings) -> Archive:
    """Write the results of all tests and their report into a folder of their own, and send it.

    Each test has evidence of its own besides.
    """
    folder = RunFolder.create(settings.folders.results, started_at, SCENARIO)
    record = SuiteRecord(
        run_id=folder.run_id,
        started_at=started_at,
        parts={
            name: SuitePart(result=part.result, prefix=RunFolder.open(part.archive.folder).prefix)
            for name, part in parts.items()
        },
        errors=dict(errors),
    )
    folder.write_text(RESULTS_FILE, record.to_json())
    await report_beside(folder, settings)
    return await sealed_and_sent(folder, settings)
