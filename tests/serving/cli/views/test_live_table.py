"""What a user sees of a stream: rows that fit, in a terminal and in a log, and JSON lines."""

import io
import json
import re

import pytest

from serving.cli.views.bar import bar_cells
from serving.cli.views.console import LineConsole, clock
from serving.cli.views.live_table import LiveTable
from serving.cli.views.verdict_rows import print_below
from serving.cli.views.view import JsonLines
from undertone.client.summary import Summary
from undertone.client.timing import Event

pytestmark = pytest.mark.fast

VOICE = {"label": "negative", "probabilities": {"negative": 0.61, "neutral": 0.3, "positive": 0.09}}
SPAN = {"utterance_id": 12, "start_ms": 3_600_120, "end_ms": 3_602_480}
FINAL = {
    "type": "utterance.final",
    **SPAN,
    "text": "I am really disappointed with the service " * 4,
    "text_sentiment": VOICE,
    "audio_sentiment": VOICE,
    "fused_sentiment": VOICE,
    "fused_score": -0.52,
    "alpha": 0.6,
    "abstain": False,
    "mode": "fused",
    "reason": None,
    "agreement": True,
}
WITHOUT_WORDS = {"mode": "audio_only", "reason": "pending", "text": None, "text_sentiment": None, "agreement": None}
MESSAGES = [
    {
        "type": "session.created",
        "release": {"version": "0.1.0"},
        "asr": {"engine": "faster-whisper", "model": "tiny.en", "reason": "as asked"},
    },
    {"type": "speech.started", "utterance_id": 12, "start_ms": 3_600_120, "speech_start_ms": 3_600_420},
    {"type": "mood", **SPAN, "audio_sentiment": VOICE},
    {"type": "transcript.partial", "utterance_id": 12, "text": "I am really " * 20},
    {"type": "speech.ended", "utterance_id": 12, "end_ms": 3_602_480, "cause": "max_length"},
    {**FINAL, **WITHOUT_WORDS, "type": "utterance.provisional"},
    FINAL,
    {"type": "error", "code": "invalid_message", "message": "what is this " * 20, "fatal": False},
    {"type": "session.updated", "settings": {"endpoint_silence_ms": 700, "partials": True}},
    {"type": "session.closed", "reason": "finished"},
    {"type": "an.event.of.a.later.protocol", "text": None},
]


FILE = "a/long/folder/and/a/recording with a long name that goes on and on.flac"
WIDTHS = [60, 80, 100, 140]
POSITIVE = {"label": "positive", "probabilities": {"negative": 0.1, "neutral": 0.1, "positive": 0.8}}
OPPOSED = {
    **FINAL,
    "fused_sentiment": POSITIVE,
    "text_sentiment": POSITIVE,
    "fused_score": 0.7,
    "alpha": 0.77,
    "agreement": False,
    "abstain": True,
}


def shown(encoding="utf-8", messages=MESSAGES, latency_ms=123_456.7, file=FILE):
    raw = io.BytesIO()
    output = io.TextIOWrapper(raw, encoding=encoding)
    table, summary = LiveTable(output), Summary(file)
    table.begin(file)
    for message in messages:
        event = Event(message, 12_345.6, latency_ms if "end_ms" in message else None)
        summary.add(event)
        table.event(file, event)
    table.end(summary)
    output.flush()
    return raw.getvalue().decode(encoding)


def on_one_line(text):
    """Return rows that were wrapped as one; wrapping drops the dot between two parts."""
    return " ".join(text.replace("·", " ").split())


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_a_log_has_rows_of_at_most_100_columns_and_one_for_each_event(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = shown().splitlines()
    assert max(map(len, lines)) <= 100
    events = [line for line in lines if line[10:13].strip() == "12" or "session." in line or "an.event" in line]
    assert len(events) == len(MESSAGES) - 1  # an error has no utterance
    assert sum("invalid_message" in line for line in lines) == 1


@pytest.mark.parametrize("columns", [*WIDTHS, 200])
def test_rows_fit_the_width_of_the_console(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(len, shown().splitlines())) <= columns


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_row_of_a_final_shows_its_verdict_at_every_width(monkeypatch, columns, encoding):
    monkeypatch.setenv("COLUMNS", str(columns))
    (row,) = [line for line in shown(encoding, [OPPOSED]).splitlines() if "utterance.final" in line]
    assert "positive" in row
    assert "negative" not in row
    assert "+0.70" in row
    glyphs = "-.+" if encoding == "ascii" else "▒░█"
    cells = [row.partition("positive")[2].count(glyph) for glyph in glyphs]
    assert cells[2] - (encoding == "ascii") >= 6  # the sign of the score
    assert columns < 80 or row.endswith("123457 ms")
    assert columns < 80 or " 10  10  80 " in row


@pytest.mark.parametrize("columns", WIDTHS)
def test_nothing_under_a_final_is_cut_at_any_width(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = shown(messages=[OPPOSED])
    assert "…" not in text
    below = on_one_line(text.partition("└")[2])
    assert below.startswith("fused words positive x0.77 voice negative x0.23 no agreement abstains")
    assert f'"{FINAL["text"].strip()}' in below
    for part in ("words positive x0.77", "voice negative x0.23", "no agreement", "abstains"):
        assert part in text  # not broken over two rows


@pytest.mark.parametrize("columns", WIDTHS)
def test_errors_names_and_summaries_are_wrapped_not_cut(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = on_one_line(shown(messages=[MESSAGES[0], next(told for told in MESSAGES if told["type"] == "error")]))
    assert ("what is this " * 20).strip() in text
    assert on_one_line(FILE) in text.replace("- ", "-")
    assert "release 0.1.0, words: faster-whisper tiny.en" in text
    assert "0 utterances, audio 0.0 s in 12.3 s" in text


@pytest.mark.usefixtures("wide")
def test_a_final_shows_how_its_verdict_came_about_and_the_words():
    text = shown()
    assert "└ fused · words negative x0.60 · voice negative x0.40 · agreement\n" in text
    assert '"I am really disappointed with the service' in text
    assert "└ audio_only, pending · voice negative\n" in text
    assert "60:02.480" in text
    assert "123457 ms" in text


def test_colours_go_with_no_color_and_neutral_has_none(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shown(messages=[OPPOSED])
    used = {int(code) for codes in re.findall(r"\x1b\[([\d;]+)m", coloured) for code in codes.split(";")}
    assert {31, 32} <= used
    assert not used & {33, 37, 36, 97}  # yellow, white, cyan: lost on white
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*3[0-7]", shown(messages=[OPPOSED]))


def test_names_and_words_cannot_move_the_terminal_or_break_a_row(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = shown(messages=[{**FINAL, "text": "red \x1b[31malert\nnew"}], file="caf\udce9\n.wav")
    assert "caf\\xe9\\n.wav" in text
    assert '"red \\x1b[31malert\\nnew"' in text


@pytest.mark.usefixtures("wide")
def test_the_session_says_which_release_answers_and_what_recognises_words():
    assert "release 0.1.0, words: faster-whisper tiny.en" in shown()


def test_the_settings_that_hold_are_shown_where_some_were_asked_for():
    assert "session.updated endpoint_silence_ms=700 partials=True" in on_one_line(shown())


def test_partial_words_are_shown_as_they_come():
    assert "12 partial         I am really I am really" in shown()


def below(message):
    output = io.StringIO()
    print_below(message, LineConsole(output))
    return output.getvalue().splitlines()


@pytest.mark.usefixtures("wide")
def test_words_against_the_voice_and_an_abstention_are_pointed_out():
    doubt = {**FINAL, "audio_sentiment": POSITIVE, "agreement": False, "abstain": True, "text": None}
    (row,) = below(doubt)  # redacted: no row of words
    assert row.endswith("words negative x0.60 · voice positive x0.40 · no agreement · abstains")


@pytest.mark.usefixtures("wide")
def test_where_only_one_of_the_two_says_anything_it_is_named():
    nothing = {"label": "neutral", "probabilities": {"negative": 0.1, "neutral": 0.8, "positive": 0.1}}
    (row, _) = below({**FINAL, "text_sentiment": nothing, "agreement": None})
    assert row.endswith("words neutral x0.60 · voice negative x0.40 · only the voice tells")
    (row, _) = below({**FINAL, "audio_sentiment": nothing, "agreement": None})
    assert row.endswith("words negative x0.60 · voice neutral x0.40 · only the words tell")
    undecided = {"label": "positive", "probabilities": {"negative": 0.4, "neutral": 0.15, "positive": 0.45}}
    (row, _) = below({**FINAL, "audio_sentiment": undecided, "agreement": None})
    assert row.endswith("voice positive x0.40 · only the words tell")


@pytest.mark.usefixtures("wide")
def test_a_terminal_without_unicode_still_shows_everything():
    text = shown("ascii")
    assert "-----" in text
    assert "`- fused | words negative x0.60 | voice negative x0.40 | agreement\n" in text
    assert '"I am really' in text
    assert "caf\\xe9" in shown("ascii", file="café.wav")


def test_the_bar_shares_its_cells_without_loss():
    assert bar_cells([0.5, 0.3, 0.2], 4) == [2, 1, 1]
    assert bar_cells([1 / 3, 1 / 3, 1 / 3], 20) == [7, 7, 6]
    assert bar_cells([0, 0, 0], 20) == [0, 0, 0]
    assert bar_cells([1, 0, 0], 7) == [7, 0, 0]


def test_a_time_is_minutes_seconds_and_thousandths():
    assert [clock(0), clock(83_450), clock(3_600_000)] == ["0:00.000", "1:23.450", "60:00.000"]


def test_json_lines_carry_the_event_as_received_and_its_times():
    output = io.StringIO()
    view = JsonLines(output)
    view.event("a.wav", Event(FINAL, 2500.5, 20.5))
    view.event("a.wav", Event({"type": "session.created"}, None, None))
    final, created = map(json.loads, output.getvalue().splitlines())
    assert final == {**FINAL, "file": "a.wav", "received_ms": 2500.5, "client_latency_ms": 20.5}
    assert created == {"type": "session.created", "file": "a.wav", "received_ms": None}


def test_the_summary_counts_the_first_mood_of_each_utterance_from_its_start():
    summary = Summary("a.wav", audio_samples=32_000)
    summary.add(
        Event({"type": "speech.started", "utterance_id": 1, "start_ms": 0, "speech_start_ms": 100}, 600.0, 500.0)
    )
    summary.add(Event({"type": "mood", "utterance_id": 1, "end_ms": 590}, 610.0, 20.0))
    summary.add(Event({"type": "mood", "utterance_id": 1, "end_ms": 840}, 860.0, 20.0))
    summary.add(Event({"type": "utterance.final", "utterance_id": 1, "end_ms": 900}, 1400.0, 200.0))
    summary.add(Event({"type": "session.closed"}, 2000.0, None))
    assert summary.ok
    assert summary.line() == "1 utterance, audio 2.0 s in 2.0 s, first mood 510 ms, final 200 ms"


def test_the_summary_counts_finals_with_and_without_words():
    summary = Summary("a.wav", audio_samples=32_000)
    for number, mode in enumerate(["fused", "audio_only", "fused"], start=1):
        final = {"type": "utterance.final", "utterance_id": number, "end_ms": 900, "mode": mode}
        summary.add(Event(final, 1000.0 * number, 100.0 * number))
    assert summary.line() == "3 utterances (2 fused, 1 audio_only), audio 2.0 s in 3.0 s, finals p50/p95 200/290 ms"
