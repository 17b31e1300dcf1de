"""The page in a real browser, with a microphone that hears our samples and a server that knows their words."""

import csv
import json
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from material.web.browser import chromium, spoken_wav, visit

SAID = ("01_glad", "02_upset")
SERIOUS = {"serious", "critical"}
MOST_BYTES = 150_000
VALUES = "document.getElementById('ribbon').getAttribute('aria-valuetext')"
LEVEL = "document.getElementById('stage').style.getPropertyValue('--level')"
WATCH_PARTIALS = """() => {
    window.partials = [];
    const shown = () => [...document.querySelectorAll('.words.partial')].map((p) => p.textContent);
    const look = () => window.partials.push(...shown());
    new MutationObserver(look).observe(document.getElementById('utterances'), {childList: true, subtree: true});
}"""


@pytest.fixture(scope="module")
def browser(samples, tmp_path_factory):
    wav = spoken_wav(tmp_path_factory.mktemp("microphone") / "said.wav", [samples / f"{name}.flac" for name in SAID])
    with chromium(wav) as started:
        yield started


@pytest.fixture(scope="module")
def user(browser, listening_server):
    """Somebody who has listened to two utterances and stopped; nothing went wrong meanwhile."""
    with visit(browser, f"{listening_server.url}/", accept_downloads=True) as opened:
        opened.page.evaluate(WATCH_PARTIALS)
        opened.press()
        opened.state("open")
        opened.wait_for_finals(2)
        opened.page.wait_for_function("() => window.partials.some((text) => text.trim())")
        opened.page.wait_for_function(f"() => Number({LEVEL}) > 0.3")
        opened.press()
        opened.state("idle")
        yield opened
        assert opened.faults == []


@pytest.fixture
def dark(user):
    user.page.emulate_media(color_scheme="dark")
    yield user
    user.page.emulate_media(color_scheme="light")


def serious(page):
    """Return what is hard to use for somebody: the rule, and where."""
    # Of two themes: colours on their way from one to the other are of neither.
    running = "document.getAnimations().filter((one) => one instanceof CSSTransition)"
    page.evaluate(f"Promise.allSettled({running}.map((one) => one.finished)).then(() => null)")
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found if rule["impact"] in SERIOUS]


def test_words_and_verdicts_appear(user):
    words = " ".join(user.page.locator(".card .words").all_inner_texts()).lower()
    assert "wonderful surprise" in words
    card = user.shown(".card", "wonderful surprise")
    assert card.locator("h3 .chip").inner_text() in ("Positive", "Neutral", "Negative")
    assert card.locator(".verdicts .bar[role=img]").count() == 3
    assert "counted" in card.locator(".verdicts").inner_text()
    assert "%" in card.locator(".bar").first.get_attribute("aria-label")
    assert "after the end of speech" in card.locator("summary").inner_text()


def test_words_were_seen_while_they_were_spoken(user):
    spoken = [text for text in user.page.evaluate("window.partials") if text.strip()]
    assert any(word in text.lower() for text in spoken for word in ("what", "this", "terrible", "wonderful"))


def test_the_level_falls_back_to_nothing(user):
    assert float(user.page.evaluate(LEVEL)) == 0


def test_a_first_visit_is_told_in_two_sentences_and_a_second_is_not(user):
    about = user.page.inner_text("#about p")
    assert about.count(". ") == 1
    assert "Nothing is kept" in about
    user.page.click("#about-close")
    with user.page.context.expect_page() as opened:
        user.page.evaluate("() => void window.open(location.href)")
    second = opened.value
    second.wait_for_selector("html[data-ready]")
    assert not second.is_visible("#about")
    second.click("#about-open")
    assert second.is_visible("#about")
    second.close()


def test_everything_comes_from_the_server_and_is_small(user, listening_server):
    assert {urlsplit(url).netloc for url in user.requests} == {urlsplit(listening_server.url).netloc}
    files = {url for url in user.requests if url.startswith("http")}
    assert sum(len(httpx.get(url, trust_env=False).content) for url in files) < MOST_BYTES


def test_the_course_is_drawn_and_leads_back_to_the_utterance(user):
    count = user.finals.count()
    assert user.page.locator(".trajectory .mark").count() == count
    assert f"Course over {count} utterances" in user.page.get_attribute(".trajectory", "aria-label")
    user.page.locator(".trajectory .mark").first.click()
    assert user.page.evaluate("document.activeElement.id") == "utterance-1"


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_the_conversation_can_be_taken_along(user, kind, tmp_path):
    with user.page.expect_download() as download:
        user.page.click(f"#export-{kind}")
    text = tmp_path / "file"
    download.value.save_as(text)
    assert download.value.suggested_filename.endswith(f".{kind}")
    if kind == "json":
        told = json.loads(text.read_text())["utterances"]
        assert [final["utterance_id"] for final in told] == list(range(1, user.finals.count() + 1))
    else:
        rows = list(csv.DictReader(text.read_text().splitlines()))
        assert len(rows) == user.finals.count()
        assert {row["fused_label"] for row in rows} <= {"negative", "neutral", "positive"}


def test_an_utterance_is_played_back(user):
    button = user.page.locator("#utterance-1 .play")
    button.click()
    user.page.wait_for_selector("#utterance-1 .play[aria-pressed=true]")
    user.page.wait_for_selector("#utterance-1 .play[aria-pressed=false]")


def test_the_ribbon_tells_its_values_to_pointer_and_keys(user):
    user.page.focus("#ribbon")
    user.page.keyboard.press("Home")
    user.page.wait_for_function(f"() => {VALUES}.includes('positive')")
    assert user.page.is_visible("#tip")
    first = user.page.get_attribute("#ribbon", "aria-valuetext")
    user.page.keyboard.press("End")
    user.page.wait_for_function(f"() => {VALUES} !== {json.dumps(first)}")
    user.page.keyboard.press("Enter")
    user.page.wait_for_function("() => document.activeElement.id.startsWith('utterance-')")
    user.page.click("label[for=span-whole]")
    box = user.page.locator("#ribbon").bounding_box()
    starts = [int(x) for x in range(5, int(box["width"]), 12)]
    tips = [user.page.hover("#ribbon", position={"x": x, "y": 40}) or user.page.is_visible("#tip") for x in starts[:20]]
    assert any(tips)


def test_nobody_is_shut_out(user):
    assert serious(user.page) == []
    user.page.click("#open-settings")
    assert serious(user.page) == []
    user.page.keyboard.press("Escape")
    assert not user.page.is_visible("#settings")


def test_nobody_is_shut_out_in_the_dark_and_on_a_telephone(dark):
    for width in (390, 320):  # 320: of WCAG 2.2, 1.4.10
        dark.page.set_viewport_size({"width": width, "height": 844})
        assert serious(dark.page) == []
        assert dark.page.evaluate("document.documentElement.scrollWidth") <= width
    dark.page.set_viewport_size({"width": 1280, "height": 900})


def test_the_theme_can_be_chosen_and_stays(user):
    seen = []
    for _ in range(3):
        user.page.click("#theme")
        seen.append(user.page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert len(set(seen)) == 2
    assert user.page.evaluate("localStorage.getItem('undertone.theme')") == ""


def test_a_recording_is_heard_with_its_words_and_without_a_microphone(browser, listening_server, samples):
    with visit(browser, f"{listening_server.url}/", permissions=()) as user:
        user.page.set_input_files("#file", samples / "06_turn.flac")
        user.shown("#outcome")
        words = " ".join(user.page.locator(".card .words").all_inner_texts())
        assert "train" in words
        assert "sun" in words
        user.page.click("#clear")
        assert user.shown("#empty")
        assert user.finals.count() == 0
        assert user.faults == []


def test_a_file_is_dropped_and_one_that_is_no_sound_is_refused_by_name(browser, listening_server):
    with visit(browser, f"{listening_server.url}/", permissions=()) as user:
        user.page.evaluate("""() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(['no sound'], 'notes.txt'));
            for (const type of ['dragenter', 'drop']) {
                dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}));
            }
        }""")
        assert "notes.txt: this browser cannot decode it." in user.shown("#notices .error").inner_text()


def test_settings_hold_for_the_next_start_and_redaction_withholds_the_words(browser, listening_server, samples):
    with visit(browser, f"{listening_server.url}/", permissions=()) as user:
        user.page.click("#open-settings")
        user.page.check("[name=redact_text]")
        user.page.select_option("[name=endpoint]", "adaptive")
        user.page.click("#settings button.primary")
        with user.page.expect_websocket() as opened:
            user.page.set_input_files("#file", samples / "01_glad.flac")
        sent = []
        opened.value.on("framesent", lambda frame: sent.append(frame))
        user.shown("#outcome")
        assert user.finals.first.locator(".words").inner_text() == "Words withheld"
        asked = json.loads(next(frame for frame in sent if isinstance(frame, str)))
        assert asked == {"type": "session.update", "partials": True, "redact_text": True, "endpoint": "adaptive"}
        user.page.reload()
        user.page.wait_for_selector("html[data-ready]")
        assert user.page.evaluate("document.querySelector('[name=redact_text]').checked")


def test_the_page_can_be_used_by_keys_alone(browser, listening_server):
    with visit(browser, f"{listening_server.url}/") as user:
        user.page.keyboard.press("Tab")
        assert user.page.evaluate("document.activeElement.className") == "skip"
        for _ in range(20):
            user.page.keyboard.press("Tab")
            if user.page.evaluate("document.activeElement.id") == "listen":
                break
        user.page.keyboard.press("Enter")
        user.state("open")
        assert user.page.get_attribute("#listen", "aria-pressed") == "true"
        user.page.keyboard.press("Space")
        user.state("idle")
