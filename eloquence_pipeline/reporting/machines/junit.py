"""JUnit XML: a suite a test, in it a case a threshold and a case a phrase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    FigureVerdict,
    PhraseObservation,
    ScenarioOutcome,
    ScenarioResult,
    VerdictStatus,
)
from eloquence_pipeline.reporting.wording import (
    FIGURE_WORDS,
    threshold_with_unit,
    value_with_unit,
    verdict_sentence,
)

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MS_PER_SECOND = 1000


@dataclass(frozen=True)
class _Case:
    """A case and how it ended; nothing for one that passed."""

    name: str
    seconds: float = 0.0
    ended: Literal["", "failure", "error", "skipped"] = ""
    message: str = ""


def junit_xml(outcomes: Iterable[ScenarioOutcome], errors: Mapping[str, str]) -> str:
    """Return the results of one or several tests as JUnit XML.

    A report without failures and errors is one of a command that ends with 0, and the other way round: a
    phrase that was not received is a failure where the share of lost phrases is over its threshold, else
    it is skipped.

    Parameters
    ----------
    outcomes
        In the order in which they ran.
    errors
        Why a test could not be carried out, by its name.
    """
    root = ET.Element("testsuites", name="eloquence")
    for outcome in outcomes:
        _add_suite(root, outcome.result, _cases(outcome.result, outcome.archive))
    for test, error in errors.items():
        suite = _element(root, "testsuite", name=f"eloquence.{test}")
        _add_cases(suite, test, [_Case("test", ended="error", message=error)])
    counted = ("tests", "failures", "errors", "skipped")
    for name in counted:
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_suite(root: ET.Element, result: ScenarioResult, cases: list[_Case]) -> None:
    run = result.run
    suite = _element(
        root,
        "testsuite",
        name=f"eloquence.{run.scenario}{_over(result)}",
        timestamp=run.started_at.replace(microsecond=0, tzinfo=None).isoformat(),
    )
    properties = _element(suite, "properties")
    named = {"run_id": run.run_id, "target": run.target, "seed": str(run.seed), **run.versions}
    for name, value in named.items():
        _element(properties, "property", name=name, value=value)
    _add_cases(suite, run.scenario, cases)
    suite.set("time", f"{result.duration_seconds:.3f}")
    _element(suite, "system-out").text = _printable(verdict_sentence(result))


def _over(result: ScenarioResult) -> str:
    network = result.network
    return f" ({network.name or network.conditions})" if network else ""


def _add_cases(suite: ET.Element, test: str, cases: list[_Case]) -> None:
    for case in cases:
        element = _element(
            suite,
            "testcase",
            classname=f"eloquence.{test}",
            name=case.name,
            time=f"{case.seconds:.3f}",
        )
        if case.ended:
            _element(element, case.ended, message=case.message)
    ends = [case.ended for case in cases]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for name, ended in counts.items():
        suite.set(name, str(ends.count(ended)))
    suite.set("time", "0.000")


def _cases(result: ScenarioResult, archive: Archive) -> list[_Case]:
    invalid = result.verdict.status is VerdictStatus.INVALID
    reasons = "; ".join(result.verdict.reasons)
    cases = [_Case("the test could be judged", ended="error" if invalid else "", message=reasons)]
    cases += [_of_figure(figure, judged=not invalid) for figure in result.verdict.figures]
    # Broken off, or without a word: what else is behind a failed verdict has a figure.
    broken_off = result.verdict.status is VerdictStatus.FAILED and all(
        figure.passed for figure in result.verdict.figures
    )
    cases.append(_Case("the transmission", ended="failure" if broken_off else "", message=reasons))
    if result.baseline is not None and result.baseline.fails:
        worse = result.baseline.is_regression and not invalid
        told = verdict_sentence(result)
        cases.append(_Case("no worse than the nights before", ended="failure" if worse else "", message=told))
    kept_here = archive.state is ArchiveState.LOCAL_ONLY
    cases.append(_Case("the evidence is stored", ended="error" if kept_here else "", message=archive.problem))
    too_many_lost = not invalid and any(
        figure.figure == "phrase_loss_ratio" and not figure.passed for figure in result.verdict.figures
    )
    return cases + [_of_phrase(phrase, fails=too_many_lost) for phrase in result.phrases]


def _of_figure(figure: FigureVerdict, *, judged: bool) -> _Case:
    whose = f" ({figure.speaker})" if figure.speaker else ""
    name = f"{FIGURE_WORDS[figure.figure]} {threshold_with_unit(figure)}{whose}"
    told = f"{value_with_unit(figure)}, {figure.judged}"
    if not judged:
        return _Case(name, ended="skipped", message=f"not judged: {told}")
    return _Case(name, ended="" if figure.passed else "failure", message=told)


def _of_phrase(phrase: PhraseObservation, *, fails: bool) -> _Case:
    name = f"phrase {phrase.index} ({phrase.speaker}): {phrase.text}"
    if phrase.received:
        return _Case(name, (phrase.end_to_end_ms or 0.0) / _MS_PER_SECOND)
    return _Case(name, ended="failure" if fails else "skipped", message="not received")


def _element(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, {name: _printable(value) for name, value in attributes.items()})


def _printable(text: str) -> str:
    """Return a text without what XML 1.0 cannot hold."""
    return _NOT_IN_XML.sub("�", text)
