"""Pairs of words and voice with one label, in two halves that share no sentence: one to tune on, one to test on.

Our sentences are read by nobody: each is paired with one clip of its own label of every actor of its half, and passes
through word errors as a recogniser makes them, drawn anew for each pair. Recordings are pairs already.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

from training.dataset import Clip
from training.labeled_set import HALVES, LabeledSetError, Recording, Sentence
from training.text_data import normalised

Hear = Callable[[str], str]


@dataclass(frozen=True)
class Pair:
    """One utterance of the set: `heard` is its text as recognition would write it, `audio` a clip or a file."""

    half: str
    sentence: str
    speaker: str
    label: str
    heard: str
    audio: Clip | Path


def pair_with_clips(
    sentences: Sequence[Sentence], clips: Mapping[str, Sequence[Clip]], hear: Hear, seed: int
) -> list[Pair]:
    """Return the pairs of our sentences; `clips` are those of each half, by actors that are in one half only.

    Every clip of an actor and a label is used before any is used again.
    """
    rng = random.Random(seed)
    halves = split_sentences(sentences, rng)
    decks = {half: _decks(clips[half], rng) for half in HALVES}
    return [
        Pair(halves[sentence.id], sentence.id, f"{actor:02d}", sentence.label, hear(sentence.text), next(deck))
        for sentence in sentences
        for (actor, label), deck in decks[halves[sentence.id]].items()
        if label == sentence.label
    ]


def split_sentences(sentences: Sequence[Sentence], rng: random.Random) -> dict[str, str]:
    """Return the half of each id: every other one of a label and domain, in random order, so that both are balanced."""
    drawn = rng.sample(sentences, len(sentences))
    drawn.sort(key=lambda sentence: (sentence.label, sentence.domain))
    return {sentence.id: HALVES[position % 2] for position, sentence in enumerate(drawn)}


def pair_recordings(
    recordings: Sequence[Recording], hear: Hear, transcribe: Callable[[Path], str], seed: int
) -> list[Pair]:
    """Return the recordings as pairs: texts pass through `hear`, what has none through `transcribe`.

    A recording in which no words are heard is left out: its final would be the voice's alone. Where the set names no
    split, its texts are halved at random, within their label; equal texts stay together.

    Raises:
        LabeledSetError: a half lacks a label.
    """
    named = _with_halves(recordings, random.Random(seed))
    pairs = [
        Pair(
            half=recording.half or "",
            sentence=_sentence(recording),
            speaker=recording.speaker,
            label=recording.label,
            heard=hear(recording.text) if recording.text else transcribe(recording.audio),
            audio=recording.audio,
        )
        for recording in named
    ]
    pairs = [pair for pair in pairs if pair.heard.strip()]
    _check_labels(pairs, recordings[0].place.rsplit(" line ", 1)[0])
    return pairs


def _with_halves(recordings: Sequence[Recording], rng: random.Random) -> list[Recording]:
    label_of = {_sentence(recording): recording.label for recording in recordings if recording.half is None}
    drawn = rng.sample(sorted(label_of), len(label_of))
    drawn.sort(key=lambda sentence: label_of[sentence])
    half_of = {sentence: HALVES[position % 2] for position, sentence in enumerate(drawn)}
    return [r if r.half else replace(r, half=half_of[_sentence(r)]) for r in recordings]


def _sentence(recording: Recording) -> str:
    return normalised(recording.text) or str(recording.audio)


def _check_labels(pairs: Sequence[Pair], file: str) -> None:
    labels = {pair.label for pair in pairs}
    for half in HALVES:
        missing = sorted(labels - {pair.label for pair in pairs if pair.half == half})
        if missing or len(labels) < 2:
            raise LabeledSetError(f"{file}: the {half} half has no row labelled {', '.join(missing) or 'otherwise'}")


def _decks(clips: Sequence[Clip], rng: random.Random) -> dict[tuple[int, str], "cycle[Clip]"]:
    of_kind: defaultdict[tuple[int, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        of_kind[clip.actor, clip.label].append(clip)
    return {kind: cycle(rng.sample(group, len(group))) for kind, group in sorted(of_kind.items())}
