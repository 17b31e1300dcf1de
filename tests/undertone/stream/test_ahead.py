"""Silero hears the frames of a piece of audio together, and says of each what it says when asked for each by itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from undertone.audio import FRAME_SAMPLES, to_float
from undertone.audio_file import read
from undertone.gate.ears import Ear, SecondEar
from undertone.stream.ahead import MOST_FRAMES, HeardAhead
from undertone.stream.session import Session

pytestmark = pytest.mark.fast
FRAMES = 60


@pytest.fixture(scope="module")
def sound(samples):
    """The first seconds of a spoken clip, whole frames."""
    speech = read(samples / "06_turn.flac")
    first = np.flatnonzero(np.abs(speech) > 500)[0]
    return to_float(speech[first : first + FRAMES * FRAME_SAMPLES])


@pytest.fixture
def counted(engine):
    """Silero, and how many frames it was asked for in each call."""
    calls = []

    def silero(frames, h, c):
        calls.append(len(frames))
        return engine.silero(frames, h, c)

    return silero, calls


def frames_of(sound):
    return sound.reshape(-1, FRAME_SAMPLES)


def alone(silero, sound, anew=()):
    ear, heard = Ear(silero), []
    for number, frame in enumerate(frames_of(sound)):
        if number in anew:
            ear.reset()
        heard.append(float(ear.hear(frame)[0]))
    return heard


def ahead(silero, sound, piece_frames, anew=()):
    hears = HeardAhead(silero)
    ear, heard = Ear(hears), []
    for start in range(0, FRAMES, piece_frames):
        piece = frames_of(sound)[start : start + piece_frames]
        hears.expect(piece.reshape(-1))
        for number, frame in enumerate(piece, start):
            if number in anew:
                ear.reset()
            heard.append(float(ear.hear(frame)[0]))
    return heard


@pytest.mark.parametrize("piece_frames", [1, 3, 8, 25, FRAMES])
def test_each_frame_is_heard_as_by_itself(counted, sound, piece_frames):
    silero, calls = counted
    assert ahead(silero, sound, piece_frames) == pytest.approx(alone(silero, sound), abs=1e-6)
    pieces = [min(piece_frames, FRAMES - start) for start in range(0, FRAMES, piece_frames)]
    assert len(calls) - FRAMES == sum(-(-piece // MOST_FRAMES) for piece in pieces)


@pytest.mark.parametrize("anew", [{0}, {4}, {7, 8, 9}, {31, 59}])
def test_where_the_gate_starts_anew_the_rest_is_heard_again(engine, sound, anew):
    for piece_frames in (3, FRAMES):
        heard = ahead(engine.silero, sound, piece_frames, anew)
        assert heard == pytest.approx(alone(engine.silero, sound, anew), abs=1e-6)


def test_a_second_ear_between_the_frames_is_answered_as_if_nothing_was_heard_ahead(engine, sound):
    def both(silero):
        first, second = Ear(silero), SecondEar(silero)
        return [(float(first.hear(frame)[0]), second.hear(frame, True)) for frame in frames_of(sound)]

    hears = HeardAhead(engine.silero)
    hears.expect(sound)
    np.testing.assert_allclose(both(hears), both(engine.silero), atol=1e-6)


def test_another_frame_in_the_midst_of_those_heard_ahead_is_refused(engine, sound):
    hears = HeardAhead(engine.silero)
    hears.expect(sound)
    ear = Ear(hears)
    ear.hear(frames_of(sound)[0])
    with pytest.raises(ValueError, match="another frame than the one expected"):
        ear.hear(frames_of(sound)[5])


def test_a_session_hears_a_tenth_of_a_second_at_once(engine, counted):
    silero, calls = counted
    models = SimpleNamespace(manifest=engine.manifest, silero=silero, acoustic=engine.acoustic, ear=engine.ear)
    session = Session(models)
    for _ in range(20):
        session.feed(bytes(3200))
    assert 1 not in calls
    assert sum(calls) >= 2 * 16_000 // FRAME_SAMPLES
