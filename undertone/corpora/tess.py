"""TESS: two actresses, one young and one older, say 200 words in 7 emotions (`OAF_back_angry.wav`)."""

import re
from functools import partial

from undertone.corpora.named import read_named
from undertone.corpora.recording import Corpus

EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "ps": "surprise",
    "sad": "sadness",
}
_NAME = re.compile(rf"(OAF?|YAF)_([a-z]+)_({'|'.join(EMOTIONS)})", re.IGNORECASE)


def _said(match: "re.Match[str]") -> dict[str, object]:
    speaker, word, emotion = match.groups()
    older = speaker.upper() != "YAF"
    return {
        "speaker": "OAF" if older else "YAF",
        "emotion": EMOTIONS[emotion.lower()],
        "text": f"Say the word {word.lower()}",
        "groups": {"sex": "female", "age": "64" if older else "26"},
    }


TESS = Corpus(
    name="tess",
    title="TESS, Toronto emotional speech set",
    licence="CC BY-NC-ND 4.0",
    reference="Pichora-Fuller and Dupuis 2020, Borealis, doi:10.5683/SP2/E8H2MF",
    layout="OAF_angry/OAF_back_angry.wav",
    read=partial(read_named, pattern=_NAME, said=_said),
    recordings=2800,
    speakers=2,
    faults={"OA_bite_neutral": "is named OA and belongs to OAF"},
)
