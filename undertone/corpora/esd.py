"""ESD: ten speakers of English and ten of Mandarin say 350 sentences in 5 emotions (`0011/Angry/0011_000351.wav`).

Only the English ones, 0011 to 0020, are read: the words of the others no recogniser here knows. A sentence's emotion is
that of its folder: the transcripts name it in two languages, and some are neither UTF-8 nor of one encoding.
"""

import re
from dataclasses import replace
from pathlib import Path

from undertone.corpora.named import read_named
from undertone.corpora.recording import Contents, Corpus, CorpusError
from undertone.tables import TableError, read_text

EMOTIONS = {
    "Angry": "anger",
    "Happy": "happiness",
    "Neutral": "neutral",
    "Sad": "sadness",
    "Surprise": "surprise",
}
# Speaker and emotion are folders; later releases divide a folder once more.
_NAME = re.compile(rf"(?:.*/)?(00(?:0[1-9]|1\d|20))/({'|'.join(EMOTIONS)})(?:/(?:train|test|evaluation))?/(\1_\d{{6}})")
_ENGLISH = range(11, 21)


def read(folder: Path) -> Contents:
    """Return the English recordings in `folder` with what is said, where the transcripts are there.

    Raises:
        CorpusError: `folder` is no folder, or a transcript is no text.
    """
    contents = read_named(folder, _NAME, _said, parents=3)
    texts = _transcripts(folder)
    english = [recording for recording in contents.recordings if int(recording.speaker) in _ENGLISH]
    known = [replace(recording, text=texts.get(recording.audio.stem, "")) for recording in english]
    return replace(contents, recordings=known)


def _said(match: "re.Match[str]") -> dict[str, object]:
    return {"speaker": match[1], "emotion": EMOTIONS[match[2]]}


def _transcripts(folder: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.rglob("00[0-2][0-9].txt")):
        try:
            lines = read_text(path, otherwise="gbk").splitlines()
        except TableError as error:
            raise CorpusError(str(error)) from None
        fields = (line.split("\t") for line in lines)
        texts |= {row[0].strip(): row[1].strip() for row in fields if len(row) > 1}
    return texts


ESD = Corpus(
    name="esd",
    title="ESD, Emotional Speech Database: its English half",
    licence="for research, on request from the National University of Singapore",
    reference="Zhou et al. 2022, Speech Communication 137",
    layout="0011/Angry/0011_000351.wav, with 0011/0011.txt",
    read=read,
    recordings=17500,
    speakers=10,
)
