"""The browser of this machine: none is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, sync_playwright

VARIABLE = "ELOQUENCE_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    # In containers tests run as root, where Chromium has no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # Prefect's pages ask for addresses of its makers: they are not to be found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def chromium_path() -> str:
    """Return the path of a Chromium; a test fails without one, and is not skipped."""
    if named := os.environ.get(VARIABLE):
        if not os.access(named, os.X_OK):
            pytest.fail(f"{VARIABLE} names {named}, which cannot be run")
        return named
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            "there is no Chromium: install one (Debian: apt-get install chromium fonts-noto-color-emoji), "
            f"or name one with {VARIABLE}=/path/to/it"
        )
    return found


@contextmanager
def running_chromium() -> Generator[Browser]:
    """Run it headless."""
    path = chromium_path()
    with TemporaryDirectory(prefix="eloquence-chromium-") as folder, sync_playwright() as playwright:
        # Its sound library leaves a folder where temporary files are.
        environment: dict[str, str | float | bool] = {**os.environ, "TMPDIR": folder}
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS), env=environment)
        try:
            yield browser
        finally:
            browser.close()
