"""Prefect's pages as a person sees them."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

_WIDTH, _HEIGHT = 1280, 900
_COLOURS = 200
"""Enough for a page of text and flat areas, at less than half of the size."""
_SCROLLS = 40
_OF_PREFECT = ("/favicon.ico", "/failed.svg", "/completed.svg", "/cancelled.svg")
"""What its own pages ask for and do not find."""
PATIENCE_MS = 20_000


class Ui:
    """The pages of one server.

    Parameters
    ----------
    page
        Of the browser.
    address
        Of the server.
    screenshots
        Folder for pictures of pages; None takes none.
    """

    def __init__(self, page: Page, address: str, screenshots: Path | None) -> None:
        self.page = page
        self.errors: list[str] = []
        self._address = address
        self._screenshots = screenshots
        page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(f"{error}"))

    def open(self, path: str) -> None:
        """Go to a page of the second version of the UI, which is Prefect's default."""
        self.page.goto(f"{self._address}/v2{path}", wait_until="networkidle")

    def make_taller(self, height: int) -> None:
        """Make room for a page whose best part is below."""
        self.page.set_viewport_size({"width": _WIDTH, "height": height})

    def text(self, text: str) -> Locator:
        """Return the first place of a text, which has to be there."""
        place = self.page.get_by_text(text).first
        expect(place).to_be_visible(timeout=PATIENCE_MS)
        return place

    def scroll_to(self, text: str) -> Locator:
        """Scroll down until a text is in sight: long lists are only there where one looks at them."""
        place = self.page.get_by_text(text).first
        self.page.mouse.move(_WIDTH / 2, _HEIGHT * 0.9)
        for _ in range(_SCROLLS):
            if place.is_visible():
                break
            self.page.mouse.wheel(0, _HEIGHT / 2)
            self.page.wait_for_timeout(100)
        expect(place).to_be_visible()
        place.scroll_into_view_if_needed()
        return place

    def shoot(self, name: str, rest_seconds: float = 0.5) -> None:
        """Take a picture of what is in sight, for the documentation, where that is asked for.

        Parameters
        ----------
        rest_seconds
            Until what moves in has come to rest.
        """
        if self._screenshots is None:
            return
        self.page.wait_for_timeout(rest_seconds * 1000)
        whole = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        flat = whole.quantize(_COLOURS, dither=Image.Dither.NONE)
        flat.save(self._screenshots / f"{name}.png", optimize=True)

    def _note(self, message: ConsoleMessage) -> None:
        """Keep errors, but those of what Prefect's pages ask of its makers or do not find themselves."""
        asked = urlsplit(message.location.get("url", ""))
        of_prefect = asked.hostname not in {None, "127.0.0.1"} or asked.path.endswith(_OF_PREFECT)
        if message.type == "error" and not of_prefect:
            self.errors.append(f"{message.text} ({asked.geturl()})")
