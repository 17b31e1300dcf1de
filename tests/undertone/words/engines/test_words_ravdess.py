"""Acted speech through the running server: words and verdicts of the clips of the test actors, by tiny.en."""

import random

import pytest
from material.wire import stream, without_latencies

from training.corpora.ravdess.names import STATEMENTS, parse_name
from undertone.audio_file import read
from undertone.scoring.word_errors import word_error_rate

pytestmark = pytest.mark.ravdess

CLIPS = 24
SILENCE = bytes(32_000)


@pytest.fixture(scope="module")
def clips(ravdess_mirror):
    """(what is said, PCM bytes) of clips of the actors 21-24, drawn with a fixed seed."""
    held_out = sorted(path for actor in range(21, 25) for path in ravdess_mirror.rglob(f"03-01-*-{actor}.*"))
    drawn = random.Random(5).sample(held_out, CLIPS)
    return [(STATEMENTS[parse_name(path.stem).statement], read(path).tobytes() + SILENCE) for path in drawn]


def words(messages):
    finals = [message for message in messages if message["type"] == "utterance.final"]
    return " ".join(final["text"] or "" for final in finals)


def test_held_out_speakers_are_understood_and_fused(listening_server, clips):
    heard, modes = [], []
    for _, pcm in clips:
        messages = stream(listening_server.ws_url, pcm, 3200)
        heard.append(words(messages))
        modes += [message["mode"] for message in messages if message["type"] == "utterance.final"]
    assert word_error_rate([said for said, _ in clips], heard) <= 0.05
    assert modes.count("fused") >= 0.9 * len(modes)


def test_chunks_of_any_size_give_the_same_words(listening_server, clips):
    pcm = b"".join(pcm for _, pcm in clips[:6])
    whole = without_latencies(stream(listening_server.ws_url, pcm, len(pcm)))
    for chunk_bytes in (62, 640, 32_000):
        assert without_latencies(stream(listening_server.ws_url, pcm, chunk_bytes)) == whole
