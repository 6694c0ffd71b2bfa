"""The tasks that keep and show the result of a matrix of networks."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.measurement.matrix import along
from eloquence_pipeline.models import Archive, Axis, MatrixResult, Record
from eloquence_pipeline.reporting.matrix import matrix_markdown
from eloquence_pipeline.reporting.matrix_plot import matrix_plot
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import RESULTS_FILE
from tasks.archive import sealed_and_sent

SCENARIO = "network-matrix"
PLOT_FILE = "matrix.png"


class KeptMatrix(Record):
    """Where the whole is kept, and how it is shown."""

    archive: Archive
    page: str


@task(name="keep matrix", persist_result=False, cache_policy=NO_CACHE)
async def keep_matrix(result: MatrixResult, settings: Settings) -> KeptMatrix:
    """Write result and plot of all conditions into a folder of their own, and send it.

    Each condition has evidence of its own besides.
    """
    series = {axis: [(point.at, point.cell.result) for point in along(axis, result.cells)] for axis in Axis}
    plot = matrix_plot(series)
    folder = RunFolder.create(settings.folders.results, datetime.now(UTC), SCENARIO)
    folder.write_text(RESULTS_FILE, result.to_json())
    folder.write_bytes(PLOT_FILE, plot)
    return KeptMatrix(archive=await sealed_and_sent(folder, settings), page=matrix_markdown(result, plot))


@task(name="show matrix", persist_result=False, cache_policy=NO_CACHE)
async def show_matrix(kept: KeptMatrix) -> None:
    """Publish verdict, table and plot as markdown."""
    await acreate_markdown_artifact(kept.page, key=SCENARIO, description="Simulated networks")
