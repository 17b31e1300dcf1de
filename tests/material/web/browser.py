"""Pages in the Chromium of the system, whose microphone hears a WAV over and over."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, sync_playwright

from undertone.audio import RATE_HZ
from undertone.audio_file import read

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 90_000  # on a machine that others use too


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    """Start a headless Chromium that hears `microphone`, a WAV; one at a time."""
    heard = (f"--use-file-for-fake-audio-capture={microphone}", "--use-fake-device-for-media-stream")
    with sync_playwright() as playwright, launched(playwright.chromium, *heard) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, *flags: str) -> Iterator[Browser]:
    """Start another browser of the kind; it has no microphone but by its flags."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    always = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
    browser = kind.launch(executable_path=found, args=[*always, *flags], ignore_default_args=["--mute-audio"])
    yield browser
    browser.close()


def spoken_wav(path: Path, clips: Sequence[Path]) -> Path:
    """Write `clips` one after the other, with silence between them, and return `path`."""
    silence = np.zeros(RATE_HZ, np.int16)
    soundfile.write(path, np.concatenate([part for clip in clips for part in (silence, read(clip))]), RATE_HZ)
    return path


class Visit:
    """One page that a user has open, and what went wrong in it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(text)

    def press(self) -> None:
        """Press the button that starts and stops."""
        self.page.click("#listen")

    def shown(self, selector: str, text: str | None = None) -> Any:
        """Return the first element of `selector`, with `text` in it, once it is visible."""
        found = self.page.locator(selector, has_text=text) if text else self.page.locator(selector)
        found.first.wait_for(state="visible")
        return found.first

    def state(self, name: str) -> None:
        """Wait until the page is in a state: idle, open, waiting."""
        self.page.wait_for_selector(f"#state[data-state={name}]")

    @property
    def finals(self) -> Any:
        """The cards of the utterances that have their verdict."""
        return self.page.locator(".card:not(.live)")

    def wait_for_finals(self, count: int) -> None:
        """Wait until so many utterances have their verdict."""
        self.page.wait_for_function("count => document.querySelectorAll('.card:not(.live)').length >= count", arg=count)


@contextmanager
def visit(browser: Browser, url: str, permissions: Sequence[str] = ("microphone",), **options: Any) -> Iterator[Visit]:
    """Open `url` as somebody who was never here before."""
    context = browser.new_context(
        permissions=list(permissions), **{"viewport": {"width": 1280, "height": 900}, **options}
    )
    try:
        yield Visit(context, url)
    finally:
        context.close()
