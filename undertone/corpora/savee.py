"""SAVEE: four English men say 15 sentences in each of 6 emotions and 30 without (`DC/a01.wav` or `DC_a01.wav`)."""

import re
from functools import partial

from undertone.corpora.named import read_named
from undertone.corpora.recording import Corpus

EMOTIONS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
_NAME = re.compile(r"(?:.*/)?(DC|JE|JK|KL)[/_](sa|su|[adfhn])(\d\d)")


def _said(match: "re.Match[str]") -> dict[str, object]:
    return {"speaker": match[1], "emotion": EMOTIONS[match[2]], "groups": {"sex": "male"}}


SAVEE = Corpus(
    name="savee",
    title="SAVEE, Surrey Audio-Visual Expressed Emotion",
    licence="for research, on registration with the University of Surrey",
    reference="Haq and Jackson 2010, in: Machine Audition, IGI Global",
    layout="AudioData/DC/a01.wav, or DC_a01.wav",
    read=partial(read_named, pattern=_NAME, said=_said, parents=1),
    recordings=480,
    speakers=4,
)
