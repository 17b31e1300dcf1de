"""Pairs of words and voice in two halves that share no sentence and no speaker: one to tune on, one to test on.

In life most words are neutral and the feeling is in the voice; at times it is in the words alone, at times in both, and
at times they contradict each other. Pairs that always agree would teach that neutral words mean a neutral speaker. So
there are four kinds, all with words as the recogniser of the service heard them (training/fusion/spoken.py):

    words_say_nothing     clips of RAVDESS with the two neutral sentences that they say; the label is the clip's
    voice_says_nothing    our sentences spoken by voices that feel nothing; the label is the sentence's
    both_say_it           our sentences, each with one clip of its own label of every actor of its half
    they_contradict       sentences of one pole with clips of the other; each pair comes twice, once with each label,
                          since either may be meant: a verdict is right half of the time, whichever it picks

Recordings that a user lists are pairs already, and of one kind.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

from training.corpora.labeled.labeled_set import HALVES, LabeledSetError, Recording, Sentence
from training.corpora.ravdess.clips import Clip
from training.corpora.texts.sentence import normalised
from undertone.labels import LABELS

Hear = Callable[[str], str]

WORDS_SAY_NOTHING, VOICE_SAYS_NOTHING = "words_say_nothing", "voice_says_nothing"
BOTH_SAY_IT, THEY_CONTRADICT = "both_say_it", "they_contradict"
KINDS = (WORDS_SAY_NOTHING, VOICE_SAYS_NOTHING, BOTH_SAY_IT, THEY_CONTRADICT)
RECORDED = "recordings"

SAME = {label: label for label in LABELS}
OPPOSITE = {"negative": "positive", "positive": "negative"}


@dataclass(frozen=True)
class Pair:
    """One utterance of the set: `heard` is its text as recognition would write it, `audio` a clip or a file.

    `cut`: the file holds nothing but the speech.
    """

    half: str
    sentence: str
    speaker: str
    label: str
    heard: str
    audio: Clip | Path
    kind: str = RECORDED
    cut: bool = False


def pair_with_clips(
    sentences: Sequence[Sentence],
    clips: Mapping[str, Sequence[Clip]],
    hear: Hear,
    seed: int,
    voiced: Mapping[str, str] = SAME,
) -> list[Pair]:
    """Return the pairs of our sentences; `clips` are those of each half, by actors that are in one half only.

    `voiced` says which label's clips a sentence meets; sentences of other labels are left out. Every clip of an actor
    and a label is used before any is used again.
    """
    kind = BOTH_SAY_IT if voiced == SAME else THEY_CONTRADICT
    rng = random.Random(seed)
    halves = split_sentences(sentences, rng)
    decks = {half: _decks(clips[half], rng) for half in HALVES}
    return [
        Pair(halves[sentence.id], sentence.id, f"{actor:02d}", sentence.label, hear(sentence.text), next(deck), kind)
        for sentence in sentences
        for (actor, label), deck in decks[halves[sentence.id]].items()
        if label == voiced.get(sentence.label)
    ]


def with_either_label(pairs: Sequence[Pair]) -> list[Pair]:
    """Return contradicting `pairs` twice: with the label of their words, and with that of their voice."""
    return [*pairs, *(replace(pair, label=OPPOSITE[pair.label]) for pair in pairs)]


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
