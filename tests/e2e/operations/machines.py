"""Workers of a pool, as on machines of their own: each in its folder, one load cell at a time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.e2e.operations.conftest import Operations

_RUN = "PREFECT__FLOW_RUN_ID"
_FOLDER = "ELOQUENCE_CELL_FOLDER"


@dataclass(frozen=True)
class Machine:
    """A worker that stands for a machine.

    Attributes
    ----------
    folder
        In which its load cells work.
    """

    folder: Path
    worker: subprocess.Popen[str]

    @classmethod
    def start(cls, operations: Operations, pool: str, folder: Path) -> Machine:
        """Start the worker; it takes one run at a time."""
        folder.mkdir()
        own = {
            _FOLDER: str(folder),
            "ELOQUENCE_FOLDERS__RESULTS": str(folder / "results"),
            "PREFECT_API_URL": operations.api_url,
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
            "TMPDIR": str(folder / "temporary"),
        }
        (folder / "temporary").mkdir()
        with (folder / "worker.txt").open("w") as output:
            worker = subprocess.Popen(
                [
                    *(sys.executable, "-m", "prefect", "--no-prompt", "worker", "start"),
                    *("--pool", pool, "--type", "process", "--name", folder.name),
                    *("--limit", "1", "--install-policy", "never"),
                ],
                cwd=folder,
                env=operations.home.environment | own,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return cls(folder, worker)

    def stop(self) -> None:
        """Stop the worker."""
        self.worker.terminate()
        self.worker.wait(timeout=30)

    def told(self) -> str:
        """Return what the worker and its runs printed."""
        return (self.folder / "worker.txt").read_text()

    def kill_run(self) -> None:
        """Kill the load cell that is under way here, with all its processes, as if the machine went off."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            try:
                variables = process.environ()
            except psutil.Error:
                continue
            if variables.get(_FOLDER) == str(self.folder) and _RUN in variables:
                found[process.pid] = process
        assert found, self.told()
        for process in found.values():
            process.kill()

    def runs(self) -> list[Path]:
        """Return the folders of the load cells that worked here."""
        return sorted((self.folder / "results" / "runs").glob("*/load-cell/*"))

    def speaks(self) -> bool:
        """Whether a session here has spoken for two seconds."""
        recordings = [path for run in self.runs() for path in run.glob("session-*/sent.wav")]
        return any(path.stat().st_size > 200_000 for path in recordings)
