"""CREMA-D: 91 actors of many origins say 12 sentences in 6 emotions at up to 3 levels (`1001_DFA_ANG_XX.wav`)."""

import re
from functools import partial

from undertone.corpora.named import read_named
from undertone.corpora.recording import Corpus

SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
_NAME = re.compile(rf"(10[0-9]\d)_({'|'.join(SENTENCES)})_({'|'.join(EMOTIONS)})_({'|'.join(LEVELS)})")


def _said(match: "re.Match[str]") -> dict[str, object]:
    speaker, sentence, emotion, level = match.groups()
    groups = {"level": LEVELS[level]}
    return {"speaker": speaker, "emotion": EMOTIONS[emotion], "text": SENTENCES[sentence], "groups": groups}


CREMA_D = Corpus(
    name="crema_d",
    title="CREMA-D, Crowd-sourced Emotional Multimodal Actors Dataset",
    licence="Open Database License 1.0",
    reference="Cao et al. 2014, IEEE Transactions on Affective Computing 5(4)",
    layout="AudioWAV/1001_DFA_ANG_XX.wav",
    read=partial(read_named, pattern=_NAME, said=_said),
    recordings=7442,
    speakers=91,
    faults={
        "1076_MTI_SAD_XX": "holds no sound",
        "1040_ITH_SAD_X": "is named with one X",
    },
)
