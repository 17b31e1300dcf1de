"""The gate on real speech that does not stop."""

import numpy as np
import pytest
from material.tiny_release import VAD

from undertone.audio import FRAME_SAMPLES
from undertone.audio_file import read
from undertone.gate.hearing import Ended
from undertone.gate.listener import Listener, utterances

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("longest_ms", [2000, 2500, 4000])
def test_speech_without_pauses_is_cut_into_utterances_of_250_ms_and_more(longest_ms, samples, engine):
    clips = [read(path) for path in sorted(samples.glob("*.flac"))]
    spoken = [clip[one.speech_start : one.speech_end] for clip in clips for one in utterances(clip, engine.silero, VAD)]
    speech = np.concatenate(spoken)
    listener, ended = Listener(engine.silero, VAD, 500, longest_ms), []
    for start in range(0, len(speech) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        ended += [e for e in listener.hear(speech[start : start + FRAME_SAMPLES], start) if isinstance(e, Ended)]
    assert len(ended) >= len(speech) // (16 * longest_ms)
    assert all(4000 <= event.end - event.start <= 16 * longest_ms for event in ended)
    assert all(event.speech_start < event.speech_end for event in ended)
