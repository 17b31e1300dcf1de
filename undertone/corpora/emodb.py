"""EmoDB: ten Germans say ten sentences in 7 emotions, boredom among them (`wav/03a01Fa.wav`)."""

import re
from functools import partial

from undertone.corpora.named import read_named
from undertone.corpora.recording import Corpus

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
MEN = {"03", "10", "11", "12", "15"}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_NAME = re.compile(rf"(03|08|09|1[0-6])({'|'.join(SENTENCES)})([WLEAFTN])([a-z])")


def _said(match: "re.Match[str]") -> dict[str, object]:
    speaker, sentence, emotion, _ = match.groups()
    groups = {"sex": "male" if speaker in MEN else "female", "language": "de"}
    return {"speaker": speaker, "emotion": EMOTIONS[emotion], "text": SENTENCES[sentence], "groups": groups}


EMODB = Corpus(
    name="emodb",
    title="EmoDB, Berlin database of emotional speech",
    licence="free to use, with citation; see the terms of the copy",
    reference="Burkhardt et al. 2005, Interspeech",
    layout="wav/03a01Fa.wav",
    read=partial(read_named, pattern=_NAME, said=_said),
    recordings=535,
    speakers=10,
)
