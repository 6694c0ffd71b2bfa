"""The task that keeps the result of a matrix of networks."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.measurement.matrix import along
from eloquence_pipeline.models import Archive, Axis, MatrixResult
from eloquence_pipeline.reporting.matrix_plot import matrix_plot
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import MATRIX_FILE, RESULTS_FILE
from tasks.archive import report_beside, sealed_and_sent

SCENARIO = "network-matrix"


@task(name="keep matrix", task_run_name="keep matrix", persist_result=False, cache_policy=NO_CACHE)
async def keep_matrix(result: MatrixResult, settings: Settings) -> Archive:
    """Write result and plot of all conditions into a folder of their own, and send it.

    Each condition has evidence of its own besides.
    """
    series = {axis: [(point.at, point.cell.result) for point in along(axis, result.cells)] for axis in Axis}
    folder = RunFolder.create(settings.folders.results, datetime.now(UTC), SCENARIO)
    folder.write_text(RESULTS_FILE, result.to_json())
    folder.write_bytes(MATRIX_FILE, matrix_plot(series))
    await report_beside(folder, settings)
    return await sealed_and_sent(folder, settings)
