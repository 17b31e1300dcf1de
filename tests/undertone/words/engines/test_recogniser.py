"""Which engine runs and why, the bounded wait for the hub, and the engine that needs no download."""

import pickle
import re
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from training.sounds.noises import KINDS, noise
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.words.engines import hub as asr_hub
from undertone.words.engines import packages
from undertone.words.engines.recogniser import AsrModelError, AsrSettings, AsrUnavailableError, load_recogniser
from undertone.words.engines.sphinx import PocketsphinxRecogniser


def speak(text, folder, voice="en-us", words_per_minute=150):
    """Return `text` spoken by espeak-ng, (samples,) int16 at 16 kHz."""
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed")
    path = folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", str(path), text], check=True)
    return read(path)


@pytest.fixture(scope="module")
def pocketsphinx():
    return PocketsphinxRecogniser(AsrSettings(fallback="pocketsphinx"), "as asked")


@pytest.fixture
def closed_hub(monkeypatch, tmp_path):
    """A hub that refuses every connection, an empty cache, and no package that carries a model."""
    return hub_at("http://127.0.0.1:1", monkeypatch, tmp_path)


@pytest.fixture
def silent_hub(monkeypatch, tmp_path):
    """A hub that takes every connection and never answers; nor is the model anywhere else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield hub_at(f"http://127.0.0.1:{listener.getsockname()[1]}", monkeypatch, tmp_path)


def hub_at(address, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(asr_hub, "cached", lambda model: None)  # this process read the environment when it began
    monkeypatch.setattr(packages, "CARRIERS", {})
    return address


def test_a_hub_that_refuses_ends_in_the_fallback_at_once(closed_hub):
    began_s = time.monotonic()
    recogniser = load_recogniser(AsrSettings(fallback="pocketsphinx", hub_wait_s=30))
    assert time.monotonic() - began_s < 30
    assert recogniser.description == {
        "engine": "pocketsphinx",
        "model": "en-us",
        "open_vocabulary": True,
        "reason": "tiny.en could not be fetched: the hub cannot be reached, and it is not cached",
        "languages": ["en"],
        "sha256": None,
    }


def test_a_hub_that_never_answers_ends_in_the_fallback_when_the_time_is_up(silent_hub):
    began_s = time.monotonic()
    recogniser = load_recogniser(AsrSettings(model="someone/some-whisper", hub_wait_s=4))
    assert 4 <= time.monotonic() - began_s < 12
    assert recogniser.description == {
        "engine": "none",
        "model": None,
        "open_vocabulary": False,
        "reason": "someone/some-whisper could not be fetched within 4 s, and is not cached",
        "languages": [],
        "sha256": None,
    }


def test_a_fallback_that_is_not_installed_is_a_mistake_to_correct(closed_hub, monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(AsrModelError, match=re.escape("pip install 'undertone[pocketsphinx]'")):
        load_recogniser(AsrSettings(fallback="pocketsphinx"))


def test_without_an_engine_there_are_no_words(silent_hub):
    recogniser = load_recogniser(AsrSettings(hub_wait_s=0.5))
    with pytest.raises(AsrUnavailableError, match=r"tiny\.en could not be fetched within 0\.5 s"):
        recogniser.transcribe(np.zeros(RATE_HZ, dtype=np.int16))


def test_a_folder_without_a_model_is_a_mistake_to_correct(tmp_path):
    with pytest.raises(AsrModelError, match=f"{tmp_path} is no folder of a CTranslate2 Whisper: it has no model.bin"):
        load_recogniser(AsrSettings(model=str(tmp_path), fallback="pocketsphinx"))


def test_a_folder_whose_weights_are_no_model_is_named(tmp_path):
    for name in ("model.bin", "tokenizer.json", "config.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(AsrModelError, match=f"{tmp_path} is no CTranslate2 Whisper that can be loaded"):
        load_recogniser(AsrSettings(model=str(tmp_path), fallback="pocketsphinx"))


@pytest.mark.fast
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("./nowhere", "there is no folder ./nowhere"),
        ("/nowhere/at/all", "there is no folder /nowhere/at/all"),
        ("some/deep/folder", "there is no folder some/deep/folder"),
        ("tinny.en", "'tinny.en' is no folder and no model that the hub is known for: tiny.en, "),
    ],
)
def test_a_name_that_no_hub_can_have_is_a_mistake_to_correct(model, said):
    with pytest.raises(AsrModelError, match=said):
        load_recogniser(AsrSettings(model=model))


@pytest.mark.fast
def test_settings_cross_into_a_worker():
    settings = AsrSettings(model="small.en", threads=2)
    assert pickle.loads(pickle.dumps(settings)) == settings


# At 150 words a minute the British voice is taken for "on cue", and so is rejected.
@pytest.mark.parametrize(
    ("voice", "words_per_minute"), [("en-us", 130), ("en-us", 150), ("en-us", 170), ("en-gb", 130), ("en-gb", 170)]
)
def test_a_real_thank_you_passes_with_the_engine_that_needs_no_download(
    pocketsphinx, tmp_path, voice, words_per_minute
):
    heard = pocketsphinx.transcribe(speak("Thank you.", tmp_path, voice, words_per_minute))
    assert heard.rejected is None
    assert heard.text


def test_thank_you_is_heard_as_said(pocketsphinx, tmp_path):
    assert pocketsphinx.transcribe(speak("Thank you.", tmp_path)).text == "thank you"


def test_the_words_depend_on_the_samples_alone(pocketsphinx, samples):
    clips = [read(samples / name) for name in ("01_glad.flac", "03_plain.flac")]
    alone = [pocketsphinx.transcribe(clip) for clip in clips]
    assert [pocketsphinx.transcribe(clip) for clip in reversed(clips)] == alone[::-1]
    assert all(heard.text and heard.rejected is None for heard in alone)


def test_a_pause_divides_the_words_into_segments(pocketsphinx, samples):
    heard = pocketsphinx.transcribe(read(samples / "06_turn.flac"))
    assert len(heard.segments) >= 2
    assert heard.text == " ".join(segment.text for segment in heard.segments)
    assert all(before.end_s <= after.start_s for before, after in zip(heard.segments, heard.segments[1:], strict=False))


@pytest.mark.parametrize("kind", [*sorted(KINDS), "silence"])
def test_noise_has_no_words_for_the_engine_that_needs_no_download(pocketsphinx, kind):
    sound = np.zeros(2 * RATE_HZ, np.int16) if kind == "silence" else noise(kind, seed=0, seconds=2.0)
    assert pocketsphinx.transcribe(sound).rejected in ("no_words", "hallucination")


@pytest.mark.parametrize("samples_given", [0, 1, 100, 1600])
def test_next_to_nothing_has_no_words(pocketsphinx, samples_given):
    assert pocketsphinx.transcribe(np.zeros(samples_given, dtype=np.int16)).rejected == "no_words"
