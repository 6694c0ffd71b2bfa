"""The files that ``--junit``, ``--metrics``, ``--csv`` and ``--summary`` name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.files import write_atomically
from eloquence_pipeline.models import ScenarioOutcome
from eloquence_pipeline.redaction import redact

_WITHOUT_SCENARIOS = {"reconnect", "load", "load_many", "capacity"}


@dataclass(frozen=True)
class MachineFiles:
    """Where results for machines go; None where one is not asked for."""

    junit: Path | None = None
    metrics: Path | None = None
    csv: Path | None = None
    summary: Path | None = None

    @property
    def asked_for(self) -> dict[str, Path]:
        """Files by their option."""
        named = {f"--{name}": path for name, path in vars(self).items()}
        return {option: path for option, path in named.items() if path is not None}

    def require(self, flow: str, require_output: Callable[[Path | None, str], None]) -> None:
        """Refuse what cannot be written, before anything is started.

        Raises
        ------
        ConfigurationError
            If a file cannot be written, two are the same, or the test has no such results.
        """
        for option, path in self.asked_for.items():
            if flow in _WITHOUT_SCENARIOS:
                raise ConfigurationError(
                    f"{option} does not go with --test {flow.removesuffix('_many')}",
                    remedy="its result as JSON is that of --output",
                )
            require_output(path, option)
        if len({path.absolute() for path in self.asked_for.values()}) < len(self.asked_for):
            raise ConfigurationError(
                f"{', '.join(self.asked_for)} name the same file", remedy="name a file for each"
            )

    def write(self, console: Console, outcomes: Sequence[ScenarioOutcome], errors: Mapping[str, str]) -> None:
        """Write what was asked for; tokens and secrets are taken out, as from every line that is shown."""
        if not self.asked_for:
            return
        from eloquence_pipeline.reporting import machines  # noqa: PLC0415

        texts: dict[str, Callable[[], str]] = {
            "--junit": lambda: machines.junit_xml(outcomes, errors),
            "--metrics": lambda: machines.open_metrics(outcomes),
            "--csv": lambda: machines.phrases_csv(outcomes),
            "--summary": lambda: machines.summary_markdown(outcomes, errors),
        }
        for option, path in self.asked_for.items():
            write_atomically(path, redact(texts[option]()).encode())
            console.print(f"{option.removeprefix('--')} : {path}", soft_wrap=True, markup=False)
