"""An hour of a session with 500 utterances: the page stays smooth. The events are made up, the microphone is heard."""

import os
from pathlib import Path

import pytest
from material.web.browser import chromium, spoken_wav, visit
from material.web.frame_times import CATEGORIES, frame_times_ms, p95

EVENTS = Path(__file__).with_name("long_session.js")
SMOOTH_MS = 20.0
FRAMES = 150  # at least, in which 20 utterances come


@pytest.fixture(scope="module")
def browser(samples, tmp_path_factory):
    wav = spoken_wav(tmp_path_factory.mktemp("microphone") / "said.wav", [samples / "01_glad.flac"])
    with chromium(wav) as started:
        yield started


@pytest.fixture(scope="module")
def user(browser, server):
    """Somebody whose session has lasted an hour, with 480 utterances, and goes on."""
    with visit(browser, f"{server.url}/") as opened:
        opened.page.evaluate(EVENTS.read_text())
        opened.press()
        opened.state("open")
        opened.page.evaluate("() => simulated.hour()")
        yield opened
        assert opened.faults == []


@pytest.mark.parametrize("span", ["minute", "whole"])
def test_twenty_more_utterances_after_an_hour_are_shown_smoothly(browser, user, span):
    is_quiet = os.getloadavg()[0] < (os.cpu_count() or 1) - 1
    user.page.click(f"label[for=span-{span}]")
    browser.start_tracing(page=user.page, categories=CATEGORIES)
    shown_ms = user.page.evaluate("() => simulated.more()")
    spent_ms = frame_times_ms(browser.stop_tracing())
    assert len(spent_ms) > FRAMES
    assert 0 < p95(spent_ms) < SMOOTH_MS
    if is_quiet:  # else the screen shows what others leave it
        assert p95(shown_ms) < SMOOTH_MS


def test_earlier_utterances_are_a_press_away_and_the_ribbon_leads_to_them(user):
    few = user.page.locator(".card").count()
    assert few < 100
    assert int(user.page.inner_text("#count")) >= 500
    user.page.click("#earlier")
    assert user.page.locator(".card").count() == 2 * few
    user.page.focus("#ribbon")
    user.page.keyboard.press("Home")
    user.shown("#tip")
    user.page.keyboard.press("Enter")
    user.page.wait_for_function("() => document.activeElement.id === 'utterance-1'")
    assert not user.page.is_visible("#earlier")


def test_the_course_of_an_hour_is_drawn_at_its_end(user):
    user.press()
    user.state("idle")
    assert "520 utterances" in user.page.get_attribute(".trajectory", "aria-label")
