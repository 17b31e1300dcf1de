"""A folder of MELD as published, as rows of a labelled set: what is said, by whom, how it is meant, and its clip.

MELD (Poria et al. 2019, ACL, "MELD: A multimodal multi-party dataset for emotion recognition in conversations") comes
as `train_sent_emo.csv`, `dev_sent_emo.csv`, `test_sent_emo.csv` and one clip per utterance, `dia{D}_utt{U}.mp4`, in the
folders `train_splits`, `dev_splits_complete` and `output_repeated_splits_test`. Dialogues are numbered anew in each.
"""

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from undertone.corpora.recording import Contents, Corpus, CorpusError, Recording
from undertone.labels import LABELS
from undertone.tables import TableError, read_table

HALVES = {"train": "tuning", "dev": "tuning", "test": "test"}
COLUMNS = ("Utterance", "Speaker", "Sentiment", "Dialogue_ID", "Utterance_ID")
EMOTIONS = {
    "joy": "happiness",
    **{name: name for name in ("neutral", "sadness", "anger", "fear", "disgust", "surprise")},
}
_CLIP = re.compile(r"dia(\d+)_utt(\d+)\.(wav|flac|mp4)")
_PREFERRED = ("mp4", "flac", "wav")  # the last one wins: what was extracted is read faster
_CONTROLS = re.compile("[\x80-\x9f]")
_TWICE_ENCODED = re.compile("â€.|Ã.")


class MeldError(CorpusError):
    """The folder is not MELD as published; the message names the file, and the line where one is at fault."""


@dataclass(frozen=True)
class Utterance:
    """One row: `audio` is the path of its clip, `split` the half of a labelled set that it belongs to."""

    audio: Path
    text: str
    label: str
    speaker: str
    split: str
    emotion: str = ""


@dataclass(frozen=True)
class Collection:
    """What was found, and what was left out: `train dia125_utt3: no file`, `test dia0_utt0: no sound`."""

    utterances: list[Utterance]
    left_out: list[str]


def collect(folder: Path) -> Collection:
    """Return the utterances of MELD in `folder`, wherever below it its CSV files and clips are.

    Raises:
        MeldError: there is no CSV file of MELD, one is malformed, or no utterance has its clip.
    """
    clips, found, left_out = _clips(folder), [], []
    for split, path in _tables(folder):
        for utterance, name in _read(path, split, clips):
            fault = _fault(utterance.audio)
            if fault:
                left_out.append(f"{split} {name}: {fault}")
            else:
                found.append(utterance)
    if not found:
        raise MeldError(f"{folder}: none of {len(left_out)} utterances has a clip (train_splits/dia0_utt0.mp4 ...)")
    return Collection(found, left_out)


def read(folder: Path) -> Contents:
    """Return MELD as recordings of a corpus, its published sentiment as their label.

    Raises:
        MeldError: as `collect`.
    """
    collection = collect(folder)
    recordings = [
        Recording(u.audio.relative_to(folder).as_posix(), u.audio, u.speaker, u.emotion, u.label, u.text)
        for u in collection.utterances
    ]
    return Contents(recordings, absent=collection.left_out)


def write(utterances: list[Utterance], path: Path) -> None:
    """Write a labelled set; paths of clips are relative to the folder of `path`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("audio", "text", "label", "speaker", "split"))
        for u in utterances:
            writer.writerow((os.path.relpath(u.audio, path.parent), u.text, u.label, u.speaker, u.split))


def repaired(text: str) -> str:
    """Undo what Windows-1252 punctuation became on its way into the CSV: `repaired("it\\x92s")` is "it’s"."""
    text = _TWICE_ENCODED.sub(lambda match: _decoded_again(match[0]), text)
    return _CONTROLS.sub(lambda match: bytes([ord(match[0])]).decode("cp1252", "ignore"), text)


def _decoded_again(text: str) -> str:
    try:
        return b"".join(_single_byte(character) for character in text).decode("utf-8")
    except UnicodeError:
        return text


def _single_byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")  # five bytes have no character there


def _tables(folder: Path) -> Iterator[tuple[str, Path]]:
    found = {split: sorted(folder.rglob(f"{split}_sent_emo.csv"), key=lambda path: len(path.parts)) for split in HALVES}
    if not any(found.values()):
        raise MeldError(f"{folder}: no train_sent_emo.csv, dev_sent_emo.csv or test_sent_emo.csv in it or below")
    yield from ((split, paths[0]) for split, paths in found.items() if paths)


def _read(path: Path, split: str, clips: dict[tuple[str, int, int], Path]) -> Iterator[tuple[Utterance, str]]:
    try:
        rows = read_table(path, COLUMNS, otherwise="cp1252")  # what is published is not UTF-8 in every release
    except TableError as error:
        raise MeldError(str(error)) from None
    for place, row in ((row.place, row.fields) for row in rows):
        try:
            dialogue, number = int(row["Dialogue_ID"]), int(row["Utterance_ID"])
            label = row["Sentiment"].strip().lower()
            LABELS.index(label)
        except ValueError:
            raise MeldError(
                f"{place}: expected numbers in Dialogue_ID and Utterance_ID and one of "
                f"{', '.join(LABELS)} in Sentiment, not {row['Dialogue_ID']}, {row['Utterance_ID']}, {row['Sentiment']}"
            ) from None
        audio = clips.get((split, dialogue, number), Path())
        text, speaker = (repaired(row[name]).strip() for name in ("Utterance", "Speaker"))
        emotion = EMOTIONS.get(row.get("Emotion", "").strip().lower(), "")
        yield Utterance(audio, text, label, speaker, HALVES[split], emotion), f"dia{dialogue}_utt{number}"


def _clips(folder: Path) -> dict[tuple[str, int, int], Path]:
    found: dict[tuple[str, int, int], Path] = {}
    for ending in _PREFERRED:
        for path in sorted(folder.rglob(f"dia*_utt*.{ending}")):
            name, split = _CLIP.fullmatch(path.name), _split_of(path, folder)
            if name and split:
                found[split, int(name[1]), int(name[2])] = path
    return found


def _split_of(path: Path, folder: Path) -> str | None:
    """Return the split that the nearest folder of `path` names, at most `folder` itself."""
    for part in reversed((folder.resolve().name, *path.parent.relative_to(folder).parts)):
        for split in HALVES:
            if split in part.lower():
                return split
    return None


def _fault(clip: Path) -> str | None:
    if clip == Path():
        return "no file"
    import av  # only what serves has it

    try:
        with av.open(str(clip), metadata_errors="ignore") as container:
            return None if container.streams.audio else "no sound"
    except (av.error.FFmpegError, OSError):
        return "broken file"


MELD = Corpus(
    name="meld",
    title="MELD, Multimodal EmotionLines Dataset",
    licence="GPL-3.0 for the annotations; the scenes are of a television series, for research only",
    reference="Poria et al. 2019, ACL",
    layout="train_sent_emo.csv with train_splits/dia0_utt0.mp4, and dev and test alike",
    read=read,
    faults={
        "dia125_utt3": "cannot be decoded in the training part",
        "dia110_utt7": "is missing from the dev part",
    },
)
