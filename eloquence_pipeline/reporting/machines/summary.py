"""The verdicts as Markdown, for the page of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from eloquence_pipeline.models import ScenarioOutcome
from eloquence_pipeline.reporting.markdown import Links, escaped, verdict_markdown


def summary_markdown(outcomes: Iterable[ScenarioOutcome], errors: Mapping[str, str]) -> str:
    """Return what the Prefect UI shows of one or several tests, without its picture.

    Parameters
    ----------
    outcomes
        In the order in which they ran.
    errors
        Why a test could not be carried out, by its name.
    """
    pages = [verdict_markdown(outcome.result, outcome.archive, Links(addresses={})) for outcome in outcomes]
    pages += [f"# ❌ {escaped(test)}\n\n{escaped(error)}\n" for test, error in errors.items()]
    return "\n".join(pages)
