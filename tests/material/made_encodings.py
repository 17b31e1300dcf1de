"""Encodings that no encoder made: emotions, actors and sentences are directions, so that heads can be judged."""

from types import SimpleNamespace

import numpy as np

from training.ear.head import EMOTIONS
from training.encoder.table import CLEAN, SPOKEN_CONDITION, Encodings, sentence_name

WIDTH = 20
VOICES = ("smaller", "larger")
SENTENCES = 30


def made_clips(actors=range(1, 9), each=4):
    """Return clips with name, actor and emotion, `each` of them for an actor and an emotion."""
    return [
        SimpleNamespace(name=f"{actor:02d}-{emotion}-{take}", actor=actor, emotion=emotion)
        for actor in actors
        for emotion in EMOTIONS
        for take in range(each)
    ]


def made_encodings(clips, seed=0, speaker=0.5):
    """Return a table of `clips`, clean and disturbed, and of two neutral voices that say many sentences.

    The first eight numbers tell the emotion, the next eight the speaker, the last four the words: in clips there is
    one sentence, in the voices there are many.
    """
    rng = np.random.default_rng(seed)
    who = {clip.actor: rng.normal(scale=speaker, size=8) for clip in clips}
    names, conditions, rows = [], [], []
    for condition in (CLEAN, "fit_noise", "fit_short"):
        for clip in clips:
            feeling = 2.0 * np.eye(8)[EMOTIONS.index(clip.emotion)]
            own = np.concatenate([feeling, who[clip.actor], [3.0, 0, 0, 0]])
            rows.append(own + rng.normal(scale=0.6, size=WIDTH))
            names.append(clip.name)
            conditions.append(condition)
    for voice in VOICES:
        tone = np.concatenate([2.0 * np.eye(8)[0], rng.normal(size=8)])
        for sentence in range(SENTENCES):
            rows.append(np.concatenate([tone, rng.normal(scale=3.0, size=4)]) + rng.normal(scale=0.3, size=WIDTH))
            names.append(sentence_name(voice, f"N{sentence:03d}"))
            conditions.append(SPOKEN_CONDITION)
    return Encodings(names, conditions, np.array(rows, dtype=np.float32))
