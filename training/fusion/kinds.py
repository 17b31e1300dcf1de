"""Which pairs the fusion is tuned and tested on: the four kinds of our own, or a user's recordings; and their rows."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.corpora.labeled.labeled_set import HALVES, load_recordings, load_sentences
from training.corpora.labeled.recordings import Transcriber
from training.corpora.ravdess.clips import Clip
from training.files import SPOKEN
from training.fusion.pairs import (
    OPPOSITE,
    VOICE_SAYS_NOTHING,
    WORDS_SAY_NOTHING,
    Pair,
    pair_recordings,
    pair_with_clips,
    with_either_label,
)
from training.fusion.scores import Half
from training.fusion.spoken import Heard
from undertone.fusion import abstains, fused_many
from undertone.labels import LABELS
from undertone.weighting import FusionSettings, weights


def own_pairs(
    clips: Mapping[str, Sequence[Clip]], heard: Sequence[Heard], seed: int, sounds: Path = SPOKEN
) -> list[Pair]:
    """Return the pairs of all four kinds; `clips` are those of each half, `heard` what the stage `spoken` wrote.

    What the service takes no words from is left out: its final is the voice's alone.
    """
    sentences, with_words = load_sentences(), [row for row in heard if row.text and row.half in HALVES]
    spoken = [row for row in with_words if not row.voice.isdecimal()]
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for row in spoken:
        texts[row.said].append(row.text)
    rng = random.Random(seed)
    hear = {s.text: rng.choice(texts[s.text]) if texts[s.text] else "" for s in sentences}.__getitem__
    label_of = {sentence.id: sentence.label for sentence in sentences}
    return [
        *_said_by_clips(clips, with_words),
        *(
            Pair(row.half, row.name, row.voice, label_of[row.name], row.text, path, VOICE_SAYS_NOTHING, cut=True)
            for row in spoken
            if (path := sounds / row.voice / f"{row.name}.flac")
        ),
        # All sentences are halved, as those that were spoken were; what no words were heard of is left out then.
        *_heard_of(pair_with_clips(sentences, clips, hear, seed)),
        *with_either_label(_heard_of(pair_with_clips(sentences, clips, hear, seed, OPPOSITE))),
    ]


def _heard_of(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.heard]


def recorded_pairs(listed: Path, section: Mapping[str, Any]) -> list[Pair]:
    """Return the recordings that the CSV file `listed` names as pairs; what has no text is transcribed."""
    return pair_recordings(load_recordings(listed), str, Transcriber(section["asr_model"]), section["seed"])


def pair_rows(pairs: Sequence[Pair], half: Half, released: FusionSettings) -> Iterator[dict[str, Any]]:
    """Yield one row per pair of `half`: who says what, all three verdicts, the weight of the words, abstention."""
    fused = fused_many(half.text, half.audio, released)
    alpha = weights(half.text, half.audio, released)
    for i, pair in enumerate(pairs):
        vectors = {"text": half.text[i], "audio": half.audio[i], "fused": fused[i]}
        yield {
            "kind": pair.kind,
            "sentence": pair.sentence,
            "speaker": pair.speaker,
            "actual": pair.label,
            "predicted": LABELS[int(fused[i].argmax())],
            "alpha": round(float(alpha[i]), 4),
            "abstains": int(abstains(half.text[i], half.audio[i], fused[i], released)),
            **{
                f"{name}_{label}": round(float(p), 4)
                for name, vector in vectors.items()
                for label, p in zip(LABELS, vector, strict=True)
            },
        }


def _said_by_clips(clips: Mapping[str, Sequence[Clip]], heard: Sequence[Heard]) -> list[Pair]:
    text_of = {row.name: row.text for row in heard}
    return [
        Pair(half, str(clip.statement), f"{clip.actor:02d}", clip.label, text_of[clip.name], clip, WORDS_SAY_NOTHING)
        for half, own in clips.items()
        for clip in own
        if clip.name in text_of
    ]
