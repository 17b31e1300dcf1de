"""RAVDESS, its speech alone: 24 actors say two sentences in 8 emotions (`Actor_01/03-01-05-02-01-01-01.wav`)."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from undertone.corpora.named import read_named
from undertone.corpora.recording import Corpus
from undertone.labels import emotion_of_code

SENTENCES = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
# No strong neutral was recorded.
_NAME = re.compile(r"03-01-(?!01-02)(0[1-8])-(0[12])-(0[12])-0[12]-(0[1-9]|1\d|2[0-4])")


def _said(match: "re.Match[str]") -> dict[str, Any]:
    emotion, intensity, sentence, actor = match.groups()
    groups = {
        "intensity": "strong" if intensity == "02" else "normal",
        "sex": "male" if int(actor) % 2 else "female",
    }
    return {"speaker": actor, "emotion": emotion_of_code(emotion), "text": SENTENCES[sentence], "groups": groups}


def said_by(name: str) -> Mapping[str, Any] | None:
    """Return the fields of a `Recording` that the name of a clip, without suffix, states; None where it is none."""
    match = _NAME.fullmatch(name)
    return _said(match) if match else None


RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS, Ryerson Audio-Visual Database of Emotional Speech and Song: speech",
    licence="CC BY-NC-SA 4.0",
    reference="Livingstone and Russo 2018, PLoS ONE 13(5): e0196391",
    layout="Actor_01/03-01-05-02-01-01-01.wav",
    read=partial(read_named, pattern=_NAME, said=_said),
    recordings=1440,
    speakers=24,
)
