"""A report as one HTML file that asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from eloquence_pipeline.redaction import redact
from eloquence_pipeline.reporting.html.blocks import Link, Page
from eloquence_pipeline.reporting.html.text import LANGUAGES

Language = Literal["", "fr", "en"]
"""Empty: that of the browser."""


def page_html(page: Page, language: Language = "") -> str:
    """Return a page as HTML.

    Parameters
    ----------
    page
        What is on it; all text is escaped, and cleaned of tokens and known secrets.
    language
        What is shown first; the other one is a press of a button away.
    """
    style, script = _asset("style.css"), _asset("script.js")
    return _template().render(
        page=page,
        language=language,
        languages=LANGUAGES,
        style=style,
        script=script,
        policy=_policy(script),
    )


def _policy(script: str) -> str:
    """Return what the page may load: nothing but what it carries itself."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; "
        "img-src data:; "
        "media-src data:; "
        # The drawings have their colours in attributes.
        "style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; "
        "base-uri 'none'; "
        "form-action 'none'"
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("eloquence_pipeline.reporting.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.tests["link"] = lambda value: isinstance(value, Link)
    return environment


def _cleaned(value: Any) -> Any:
    """Return what a template shows without secrets; what is markup has been made here."""
    return redact(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _template() -> Template:
    return _environment().get_template("page.html.j2")


@cache
def _asset(name: str) -> Markup:
    """Return a file of the page's own, which is put into it as it is."""
    loader = PackageLoader("eloquence_pipeline.reporting.html")
    return Markup(loader.get_source(_environment(), name)[0])  # noqa: S704
