"""A session of hours keeps no more than one of a minute."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
from material.tiny_release import VAD

from undertone.stream.session import Session
from undertone.stream.settings import SessionSettings


def test_an_hour_of_speech_takes_no_more_memory_than_a_minute():
    # Fakes instead of models: this is about what the session keeps, not about what the models say.
    def silero(frames, h, c):
        return np.full(len(frames), 0.9), h, c

    acoustic = SimpleNamespace(probabilities=lambda samples: np.array([0.2, 0.3, 0.5]))
    engine = SimpleNamespace(silero=silero, acoustic=acoustic, manifest=SimpleNamespace(vad=VAD))
    session = Session(engine, SessionSettings(mood_interval_ms=2000))
    second = np.random.default_rng(0).integers(-999, 999, 16_000).astype(np.int16).tobytes()

    def peak_bytes(seconds):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(seconds):
            session.feed(second)
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        minute = peak_bytes(60)
        for _ in range(3):  # traced memory is slow: look at one more minute after a long stretch
            tracemalloc.stop()
            for _ in range(1200):
                session.feed(second)
            tracemalloc.start()
        later = peak_bytes(60)
    finally:
        tracemalloc.stop()
    assert session.totals["audio_ms"] == (3 * 1200 + 120) * 1000
    assert later < 1.5 * minute + 100_000


def test_a_long_recording_fed_at_once_is_heard_in_little_memory():
    silent = SimpleNamespace(
        silero=lambda frames, h, c: (np.zeros(len(frames)), h, c), manifest=SimpleNamespace(vad=VAD), acoustic=None
    )
    session = Session(silent)
    ten_minutes = bytes(600 * 32_000)
    tracemalloc.start()
    try:
        session.feed(ten_minutes)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2e6
