"""What a copy of a corpus has and lacks: every recording is decoded, and counted by label and by speaker."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from undertone.audio import RATE_HZ, Samples
from undertone.audio_file import AudioFileError, read
from undertone.corpora.emotions import label_of, learnt
from undertone.corpora.recording import Contents, Corpus, CorpusError, Recording

QUIETEST = 8  # of 32768: nothing in such a recording is speech


@dataclass
class Check:
    """Seconds by label and by speaker of what can be used, and what cannot, with the reason.

    `problems` make a copy incomplete or wrong, `remarks` do not.
    """

    recordings: int = 0
    by_label: "defaultdict[str, float]" = field(default_factory=lambda: defaultdict(float))
    by_speaker: "defaultdict[str, float]" = field(default_factory=lambda: defaultdict(float))
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check(corpus: Corpus, contents: Contents, recordings: Iterable[Recording], labels: Mapping[str, str]) -> Check:
    """Decode `recordings`, those of `contents` in any wrapping that shows progress, and say what there is.

    `labels` says which label an emotion has.
    """
    found = Check()
    for recording in recordings:
        fault = _heard(recording, label_of(recording, labels), found)
        if fault:
            known = corpus.faults.get(recording.audio.stem)
            said = found.remarks if known else found.problems
            said.append(f"{recording.name}: {fault}{', as in every copy' if known else ''}")
    _count(corpus, contents, found)
    return found


def _heard(recording: Recording, label: str, found: Check) -> str | None:
    try:
        samples = read(recording.audio)
    except (AudioFileError, OSError) as error:
        return f"cannot be read ({error})"
    if is_silent(samples):
        return "holds no sound"
    found.recordings += 1
    found.by_label[label or f"none ({recording.emotion})"] += len(samples) / RATE_HZ
    found.by_speaker[recording.speaker or "not told"] += len(samples) / RATE_HZ
    return None


def is_silent(samples: Samples) -> bool:
    """Return whether (n,) int16 `samples` are too quiet for anybody to be heard in them, or none."""
    return not len(samples) or int(np.abs(samples.astype(np.int32)).max()) < QUIETEST


def _count(corpus: Corpus, contents: Contents, found: Check) -> None:
    there, speakers = len(contents.recordings), {recording.speaker for recording in contents.recordings}
    if corpus.recordings and there != corpus.recordings:
        found.problems.append(f"{there} recordings are there, {corpus.recordings} were published")
    if corpus.speakers and len(speakers) != corpus.speakers:
        found.problems.append(f"{len(speakers)} speakers are there, {corpus.speakers} were published")
    found.problems += [f"{name}: the name is not one of {corpus.title}" for name in contents.unnamed]
    found.problems += [f"{name}: there is no such file" for name in contents.absent]
    found.remarks += [f"{name}: a second file of this name, not used" for name in contents.repeated]
    if "" in speakers:
        found.remarks.append("speakers are not told: nobody can be held out, so it can be judged but not trained on")
    if unlearnt := sum(not learnt(recording) and not recording.label for recording in contents.recordings):
        found.remarks.append(f"{unlearnt} recordings show an emotion without a label and are not trained on")


def of_folder(corpus: Corpus, place: Path) -> Contents:
    """Return what is at `place`.

    Raises:
        CorpusError: it does not hold the corpus, and the message shows the layout that is expected.
    """
    contents = corpus.read(place)
    if not contents.recordings:
        raise CorpusError(f"{place} holds nothing of {corpus.title}: expected is {corpus.layout}")
    return contents
