"""Faster-Whisper with the real weights of tiny.en: RAVDESS, noise, next to nothing, and both windows."""

import numpy as np
import pytest

from training.corpora.ravdess.names import STATEMENTS, parse_name
from training.features.silero import published_silero
from training.features.trim import speech_bounds
from training.params import load_params
from training.sounds.noises import KINDS, noise
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.gate.listener import utterances
from undertone.gate.settings import vad_settings
from undertone.scoring.word_errors import word_error_rate
from undertone.words.engines.decoder import WhisperDecoder
from undertone.words.engines.packages import CARRIERS
from undertone.words.engines.recogniser import AsrModelError, AsrSettings, load_recogniser
from undertone.words.engines.whisper import slowed

HELD_OUT = range(21, 25)
WHISPER = "undertone.words.engines.whisper"


@pytest.fixture(scope="module")
def full():
    return load_recogniser(AsrSettings(window="full"))


@pytest.fixture(scope="module")
def clips(ravdess_mirror, repository):
    """Every fifth clip of the test actors, cut as the speech gate cuts it, with what it says."""
    vad = load_params(repository / "params.yaml")["vad"]
    paths = sorted(path for path in ravdess_mirror.rglob("*.flac") if parse_name(path.stem).actor in HELD_OUT)
    return [(trimmed(read(path), vad), STATEMENTS[parse_name(path.stem).statement]) for path in paths[::5]]


def trimmed(samples, vad):
    bounds = speech_bounds(samples.astype(np.float32) / 32768, vad)
    return samples[bounds.start : bounds.end]


@pytest.mark.ravdess
@pytest.mark.parametrize(("window", "every"), [("tiny_en", 1), ("full", 4)])  # 30 s cost five times as much
def test_acted_speech_is_understood_in_both_windows(clips, window, every, request):
    recogniser, some = request.getfixturevalue(window), clips[::every]
    heard = [recogniser.transcribe(clip).text for clip, _ in some]
    assert word_error_rate([said for _, said in some], heard) <= 0.05


@pytest.mark.fast
def test_what_is_as_loud_as_can_be_is_clipped_where_it_is_slowed():
    square = np.repeat(np.tile([32767, -32768], 20), 100).astype(np.int16)
    slow = slowed(square)
    within = np.abs(np.arange(len(slow)) % (100 / 0.9) - 50 / 0.9) < 30  # away from the edges of the square
    assert (np.sign(slow[within]) == np.sign(square[(np.flatnonzero(within) * 0.9).astype(int)])).all()


@pytest.mark.ravdess
def test_what_is_said_is_accepted_and_encoded_in_the_window_that_it_needs(tiny_en, full, clips):
    clear = [clip for clip, _ in clips[:8]]
    for recogniser, windows_s in ((tiny_en, [max(4.0, len(clip) / RATE_HZ + 1.5) for clip in clear]), (full, 8 * [30])):
        heard = [recogniser.transcribe(clip) for clip in clear]
        assert [transcript.rejected for transcript in heard] == [None] * len(heard)
        assert [transcript.window_s for transcript in heard] == windows_s


@pytest.mark.ravdess
def test_the_same_samples_have_the_same_words(tiny_en, clips):
    heard = [tiny_en.transcribe(clip) for clip, _ in clips[:6]]
    again = load_recogniser(AsrSettings())
    assert [again.transcribe(clip) for clip, _ in reversed(clips[:6])] == heard[::-1]


@pytest.mark.ravdess
def test_a_minute_is_heard_in_pieces(tiny_en, clips):
    pause = np.zeros(8 * RATE_HZ, dtype=np.int16)
    sound = np.concatenate([part for clip, _ in clips[:6] for part in (clip, pause)])
    heard = tiny_en.transcribe(sound)
    assert heard.decodings >= 3
    assert len(heard.segments) >= 2
    ends = [(segment.start_s, segment.end_s) for segment in heard.segments]
    assert ends == sorted(ends)
    assert ends[-1][1] <= len(sound) / RATE_HZ + 1e-6
    assert heard.text == " ".join(segment.text for segment in heard.segments)


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
@pytest.mark.parametrize("said", ["Thank you.", "Thank you so much!", "Thanks for watching."])
def test_thanks_that_are_said_are_no_invention(tiny_en, say, said, speed):
    heard = tiny_en.transcribe(say(said, speed))
    assert heard.rejected is None
    assert word_error_rate([said], [heard.text]) == 0


def test_a_hundred_noises_give_no_words_through_gate_and_recogniser(tiny_en, repository):
    vad = vad_settings(load_params(repository / "params.yaml")["vad"])
    heard = 0
    for kind in sorted(KINDS):
        for seed in range(25, 38):
            sound = noise(kind, seed)
            for found in utterances(sound, published_silero(), vad):
                speech_ms = (found.speech_end - found.speech_start) // 16
                transcript = tiny_en.transcribe(sound[found.start : found.end], speech_ms=speech_ms)
                assert transcript.rejected, f"{kind}, seed {seed}: {transcript}"
                heard += 1
    assert heard > 0, "with nothing to reject this test could not fail"


def test_most_noises_give_no_words_even_without_the_speech_gate(tiny_en):
    rejected = []
    for kind in sorted(KINDS):
        for seed in range(4):
            transcript = tiny_en.transcribe(noise(kind, seed, seconds=3.0))
            rejected.append(transcript.rejected is not None)
    assert np.mean(rejected) >= 0.85, f"{sum(rejected)} of {len(rejected)}"


def test_silence_gives_no_words(tiny_en):
    assert tiny_en.transcribe(np.zeros(3 * RATE_HZ, np.int16)).rejected


def test_doubtful_words_are_heard_again_in_ten_seconds_and_in_fifteen_only_where_they_look_wrong(
    tiny_en, full, monkeypatch
):
    sound = noise("music", 1, seconds=3.0)
    monkeypatch.setattr(f"{WHISPER}.asks_again", lambda evidence, only_english: True)
    monkeypatch.setattr(f"{WHISPER}.needs_wider_window", lambda evidence: False)
    again = tiny_en.transcribe(sound)
    assert (again.decodings, again.window_s) == (2, 10.0)
    monkeypatch.setattr(f"{WHISPER}.needs_wider_window", lambda evidence: True)
    again = tiny_en.transcribe(sound)
    assert (again.decodings, again.window_s) == (3, 15.0)
    assert full.transcribe(sound).decodings == 1, "there is no wider window than 30 s"


@pytest.mark.ravdess
def test_what_is_heard_otherwise_the_second_time_was_not_said(tiny_en, clips, monkeypatch):
    monkeypatch.setattr(f"{WHISPER}.asks_again", lambda evidence, only_english: True)
    (clip, _), *_ = clips
    assert tiny_en.transcribe(clip).rejected is None, "heard alike"
    monkeypatch.setattr(f"{WHISPER}.contradict", lambda first, again: True)
    assert tiny_en.transcribe(clip).rejected == "hallucination"


def test_the_slowed_sound_is_heard_in_no_narrower_window_than_the_words_were(tiny_en, say, monkeypatch):
    windows, decode = [], WhisperDecoder.decode
    monkeypatch.setattr(
        WhisperDecoder, "decode", lambda self, *asked: (windows.append(asked[2]), decode(self, *asked))[1]
    )
    monkeypatch.setattr(f"{WHISPER}.doubts_language", lambda evidence, only_english: True)
    monkeypatch.setattr(f"{WHISPER}.asks_again", lambda evidence, only_english: True)
    said = say("The kitchen door was open.")
    assert tiny_en.transcribe(said).rejected is None, "English stays what it was"
    assert windows[1:] == [[10.0], [10.0]]
    monkeypatch.setattr(f"{WHISPER}.is_foreign", lambda heard, slowed: True)
    assert tiny_en.transcribe(said).rejected == "language"


def test_without_gates_nothing_is_rejected_or_decoded_again():
    recogniser = load_recogniser(AsrSettings(gates=False, max_new_tokens=3))
    heard = recogniser.transcribe(noise("music", 1, seconds=2.0))
    assert (heard.rejected, heard.decodings) == (None, 1)
    assert len(heard.text.split()) <= 3


@pytest.mark.parametrize("length", [1, 100, 399, 1600])
def test_a_sound_of_a_few_samples_is_no_verdict(tiny_en, length):
    assert tiny_en.transcribe(np.zeros(length, dtype=np.int16)).rejected


def test_no_samples_have_no_words(tiny_en):
    heard = tiny_en.transcribe(np.zeros(0, dtype=np.int16))
    assert (heard.text, heard.rejected, heard.decodings) == ("", "no_words", 0)


def test_the_description_names_engine_model_and_reason(tiny_en):
    description = dict(tiny_en.description)
    assert description.pop("reason").startswith("as asked, from the ")
    about = {"engine": "faster-whisper", "model": "tiny.en", "open_vocabulary": True, "languages": ["en"]}
    assert description == {**about, "sha256": CARRIERS["tiny.en"].sha256}


def test_an_english_model_is_not_loaded_for_another_language():
    with pytest.raises(AsrModelError, match=r"tiny\.en: 'de' is not among the languages of this recogniser: en"):
        load_recogniser(AsrSettings(language="de"))


def test_an_english_model_ignores_another_language(tiny_en):
    assert tiny_en.transcribe(np.zeros(RATE_HZ, dtype=np.int16), language="de").language == "en"


def test_words_that_run_on_in_a_narrow_window_are_heard_again(tiny_en, say, monkeypatch):
    monkeypatch.setattr("undertone.words.engines.decoder.ENGLISH_TOKENS_PER_SECOND", 1)
    monkeypatch.setattr("undertone.words.engines.decoder.ENGLISH_SPARE_TOKENS", 4)
    heard = tiny_en.transcribe(say("The kitchen door was open."))
    assert (heard.decodings, heard.window_s, heard.rejected) == (2, 10.0, None)
    assert heard.text == "The kitchen door was open."


@pytest.mark.ravdess
@pytest.mark.parametrize("clip", ["03-01-01-01-02-02-24", "03-01-02-02-02-02-22"])
def test_a_sentence_that_a_narrow_window_writes_over_and_over_is_heard_once(
    tiny_en, ravdess_mirror, repository, clip, monkeypatch
):
    (path,) = ravdess_mirror.rglob(f"{clip}.*")
    sound = np.concatenate([read(path), np.zeros(RATE_HZ, dtype=np.int16)])
    vad = vad_settings(load_params(repository / "params.yaml")["vad"])
    (found,) = utterances(sound, published_silero(), vad)
    heard = [sound[found.start : found.end], None, (found.speech_end - found.speech_start) // 16, found.speech_prob]
    once = tiny_en.transcribe(*heard)
    monkeypatch.setattr("undertone.words.engines.decoder.loop_length", len)
    again = tiny_en.transcribe(*heard)
    assert (once.decodings, again.decodings) == (1, 2)
    assert once.text == again.text == "Dogs are sitting by the door."
