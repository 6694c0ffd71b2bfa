"""What `eloquence doctor` finds, one line a check."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Self

from rich.console import Console
from rich.text import Text

from eloquence_pipeline.models import Record
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.reporting.json_lines import JsonConsole


class CheckStatus(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"
    """Something before it failed, or it is not needed."""


_ICONS = {
    CheckStatus.OK: "🟢",
    CheckStatus.WARNING: "🟡",
    CheckStatus.FAILED: "🔴",
    CheckStatus.NOT_CHECKED: "⚪",
}
_STYLES = {
    CheckStatus.OK: "green",
    CheckStatus.WARNING: "yellow",
    CheckStatus.FAILED: "red",
    CheckStatus.NOT_CHECKED: "dim",
}
_LEVELS = {CheckStatus.WARNING: logging.WARNING, CheckStatus.FAILED: logging.ERROR}


class Check(Record):
    """One thing that was looked at.

    Attributes
    ----------
    name
        What was looked at.
    status, detail
        What was found.
    remedy
        What to do about it.
    """

    name: str
    status: CheckStatus
    detail: str
    remedy: str = ""

    @classmethod
    def ok(cls, name: str, detail: str) -> Self:
        """Return a check that found all well."""
        return cls(name=name, status=CheckStatus.OK, detail=detail)

    @classmethod
    def warning(cls, name: str, detail: str, remedy: str) -> Self:
        """Return a check that found something which a test can live with."""
        return cls(name=name, status=CheckStatus.WARNING, detail=detail, remedy=remedy)

    @classmethod
    def failed(cls, name: str, detail: str, remedy: str) -> Self:
        """Return a check that found something which a test cannot live with."""
        return cls(name=name, status=CheckStatus.FAILED, detail=detail, remedy=remedy)

    @classmethod
    def not_checked(cls, name: str, reason: str) -> Self:
        """Return a check that was not made."""
        return cls(name=name, status=CheckStatus.NOT_CHECKED, detail=reason)

    @property
    def line(self) -> str:
        """The check in one line, without its remedy."""
        return f"{_ICONS[self.status]} {self.name} : {self.detail}"


def print_check(console: Console, check: Check) -> None:
    """Print a check, and its remedy below it."""
    if isinstance(console, JsonConsole):
        level = _LEVELS.get(check.status, logging.INFO)
        console.write("check", check.line, level=level, component="DOCTOR", content=check.model_dump())
        return
    console.print(Text(redact(check.line), style=_STYLES[check.status]), soft_wrap=True)
    if check.remedy:
        console.print(Text(f"   → {redact(check.remedy)}"), soft_wrap=True)
