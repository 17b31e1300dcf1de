"""A corpus of one's own: a CSV file, or a folder as the AudioFolder of Hugging Face's `datasets` has it.

A table is `audio,label` (or `emotion`), with `speaker` and `text` where they are known; in an AudioFolder it is called
metadata.csv and its first column `file_name`. Without a table the folders are named by label or emotion. Speakers
matter: without them nobody can be held out, and a score says how well voices are known again.
"""

from pathlib import Path

from undertone.corpora.emotions import EMOTIONS, LEARNT
from undertone.corpora.recording import Contents, Corpus, CorpusError, Recording, audio_files
from undertone.labels import LABELS
from undertone.tables import Row, TableError, read_table

COLUMNS = ("", "audio", "file_name", "label", "emotion", "speaker", "speaker_id", "text", "transcription")
KNOWN = (*LABELS, *LEARNT, *EMOTIONS)


def read(place: Path) -> Contents:
    """Return what a CSV file or a folder lists.

    Raises:
        CorpusError: there is neither; a table lacks a column or says something unknown; a folder's name means nothing.
    """
    if place.is_file():
        return _of_table(place)
    tables = sorted(place.rglob("metadata.csv"))
    if not tables:
        return _of_folders(place)
    found = [_of_table(path, place) for path in tables]
    return Contents(
        [recording for part in found for recording in part.recordings],
        repeated=[name for part in found for name in part.repeated],
        absent=[name for part in found for name in part.absent],
    )


def _of_table(path: Path, above: Path | None = None) -> Contents:
    contents, seen = Contents([]), set()
    for row in _rows(path):
        recording = _recording(row, path.parent, above or path.parent)
        if recording.name in seen:
            contents.repeated.append(f"{row.place}: {recording.name}")
        elif recording.audio.is_file():
            contents.recordings.append(recording)
        else:
            contents.absent.append(f"{row.place}: {recording.name}")
        seen.add(recording.name)
    return contents


def _rows(path: Path) -> list[Row]:
    try:
        return read_table(path, ("file_name" if path.name == "metadata.csv" else "audio",))
    except TableError as error:
        raise CorpusError(str(error)) from None


def _recording(row: Row, folder: Path, above: Path) -> Recording:
    fields = {name: value.strip() for name, value in row.fields.items()}
    audio = folder / (fields.get("audio") or fields.get("file_name") or "")
    said = fields.get("label") or fields.get("emotion") or ""
    label, emotion = _meaning(said, row.place)
    return Recording(
        name=audio.relative_to(above).as_posix() if audio.is_relative_to(above) else str(audio),
        audio=audio,
        speaker=fields.get("speaker") or fields.get("speaker_id") or "",
        label=label,
        emotion=emotion or fields.get("emotion", "").lower(),
        text=fields.get("text") or fields.get("transcription") or "",
        groups={name: value for name, value in fields.items() if name not in COLUMNS},
    )


def _meaning(said: str, place: str) -> tuple[str, str]:
    """Return label and emotion, one of which is said."""
    if said.lower() not in KNOWN:
        raise CorpusError(f"{place}: {said!r} is no label and no emotion; known are {', '.join(dict.fromkeys(KNOWN))}")
    return (said.lower(), "") if said.lower() in LABELS else ("", said.lower())


def _of_folders(folder: Path) -> Contents:
    contents = Contents([])
    for path in audio_files(folder):
        parts = [part.lower() for part in path.relative_to(folder).parts[:-1]]
        said = next((part for part in reversed(parts) if part in KNOWN), None)
        name = path.relative_to(folder).as_posix()
        if said is None:
            contents.unnamed.append(name)
        else:
            label, emotion = _meaning(said, name)
            contents.recordings.append(Recording(name, path, "", emotion, label))
    return contents


PLAIN = Corpus(
    name="plain",
    title="a corpus of your own",
    licence="yours to know",
    reference="none",
    layout="a CSV file audio,label,speaker; or metadata.csv with file_name,label,speaker beside the files",
    read=read,
)
