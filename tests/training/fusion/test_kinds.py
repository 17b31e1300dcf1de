"""Pairs of words and voice: two halves that share nothing, balanced, seeded, from sentences or from recordings."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from training.corpora.labeled.labeled_set import LabeledSetError, Recording, Sentence, load_sentences
from training.corpora.ravdess.clips import Clip
from training.fusion.kinds import own_pairs
from training.fusion.pairs import (
    KINDS,
    OPPOSITE,
    THEY_CONTRADICT,
    Pair,
    pair_recordings,
    pair_with_clips,
    split_sentences,
    with_either_label,
)
from training.fusion.spoken import Heard
from undertone.labels import LABELS

pytestmark = pytest.mark.fast

SENTENCES = [
    Sentence(f"s{i:03d}", f"sentence number {i}", LABELS[i % 3], ("work", "life", "service")[i % 4 % 3])
    for i in range(90)
]


def clip(actor: int, label: str, take: int) -> Clip:
    kept = {"heard": True, "start_sample": 0, "end_sample": 1, "mfcc": np.zeros((1, 40), np.float32)}
    told = {"sex": "male", "emotion": "calm", "intensity": "normal", "statement": 1, "repetition": take}
    return Clip(name=f"{actor}-{label}-{take}", actor=actor, label=label, **told, **kept)


CLIPS = {
    half: [clip(actor, label, take) for actor in actors for label in LABELS for take in range(6)]
    for half, actors in (("tuning", (17, 18)), ("test", (21, 22)))
}


def pairs(seed: int = 0) -> list[Pair]:
    return pair_with_clips(SENTENCES, CLIPS, str.upper, seed)


def test_each_sentence_meets_one_clip_of_its_label_of_every_actor_of_its_half() -> None:
    actors = {"tuning": {"17", "18"}, "test": {"21", "22"}}
    for sentence in SENTENCES:
        own = [pair for pair in pairs() if pair.sentence == sentence.id]
        assert {pair.speaker for pair in own} == actors[own[0].half]
        assert len(own) == 2
        assert {pair.audio.label for pair in own} == {pair.label for pair in own} == {sentence.label}
        assert {pair.heard for pair in own} == {sentence.text.upper()}


def test_the_halves_share_no_sentence_and_no_actor_and_are_balanced() -> None:
    halves = split_sentences(SENTENCES, random.Random(0))
    assert set(halves) == {sentence.id for sentence in SENTENCES}
    cells = Counter((halves[s.id], s.label, s.domain) for s in SENTENCES)
    for label, domain in {(s.label, s.domain) for s in SENTENCES}:
        assert abs(cells["tuning", label, domain] - cells["test", label, domain]) <= 1
    actors = {half: {pair.speaker for pair in pairs() if pair.half == half} for half in CLIPS}
    assert not actors["tuning"] & actors["test"]


def test_no_clip_is_used_again_before_all_of_its_kind_were() -> None:
    used = Counter(pair.audio.name for pair in pairs())
    assert max(used.values()) - min(used.values()) <= 1
    assert len(used) == 72


def test_the_seed_decides() -> None:
    assert [(p.half, p.audio.name) for p in pairs()] == [(p.half, p.audio.name) for p in pairs()]
    assert [p.half for p in pairs()] != [p.half for p in pairs(seed=1)]


def recording(i: int, text: str, half: str | None = None) -> Recording:
    return Recording(Path(f"{i}.wav"), text, LABELS[i % 3], f"speaker {i % 5}", half, f"set.csv line {i + 2}")


def test_recordings_are_halved_within_their_label_and_equal_texts_stay_together() -> None:
    recordings = [recording(i, f"text {i % 30}") for i in range(60)]
    found = pair_recordings(recordings, str.upper, str, seed=0)
    assert [pair.audio for pair in found] == [r.audio for r in recordings]
    assert Counter((pair.half, pair.label) for pair in found).most_common()[-1][1] == 10
    assert all(len({p.half for p in found if p.sentence == pair.sentence}) == 1 for pair in found)


def test_a_split_that_the_set_names_is_kept() -> None:
    recordings = [recording(i, f"text {i}", "tuning" if i < 40 else "test") for i in range(60)]
    assert [p.half for p in pair_recordings(recordings, str, str, seed=0)] == 40 * ["tuning"] + 20 * ["test"]


def test_texts_are_heard_with_errors_and_what_has_none_is_transcribed() -> None:
    recordings = [recording(i, "" if i % 2 else f"text {i}") for i in range(12)]
    found = pair_recordings(recordings, lambda text: f"heard {text}", lambda path: f"words of {path}", seed=0)
    assert found[0].heard == "heard text 0"
    assert found[1].heard == "words of 1.wav"


def test_recordings_without_words_are_left_out() -> None:
    recordings = [recording(i, "" if i == 5 else f"text {i}") for i in range(24)]
    found = pair_recordings(recordings, str, lambda path: " ", seed=0)
    assert [pair.audio.stem for pair in found] == [str(i) for i in range(24) if i != 5]


def test_a_half_without_a_label_is_refused_by_name() -> None:
    recordings = [recording(i, f"text {i}", "test" if i % 3 == 2 else "tuning") for i in range(12)]
    with pytest.raises(LabeledSetError, match=r"set\.csv: the tuning half has no row labelled positive"):
        pair_recordings(recordings, str, str, seed=0)


def test_sentences_of_one_pole_meet_clips_of_the_other_and_count_with_either_label() -> None:
    found = with_either_label(pair_with_clips(SENTENCES, CLIPS, str, 0, OPPOSITE))
    assert {pair.kind for pair in found} == {THEY_CONTRADICT}
    labels_of_sentence = {sentence.id: sentence.label for sentence in SENTENCES}
    for pair in found:
        assert {labels_of_sentence[pair.sentence], pair.audio.label} == {"negative", "positive"}
    counted = Counter((pair.sentence, pair.speaker, pair.audio.name) for pair in found)
    assert set(counted.values()) == {2}
    assert Counter(pair.label for pair in found)["negative"] == len(found) / 2


def test_the_four_kinds_are_made_of_what_the_service_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = tmp_path / "sentences.csv"
    lines = [f"{s.id},{s.text},{s.label},{s.domain}" for s in SENTENCES]
    sentences.write_text("\n".join(["id,text,label,domain", *lines]) + "\n", encoding="utf-8")
    monkeypatch.setattr("training.fusion.kinds.load_sentences", lambda: load_sentences(sentences))
    halves = split_sentences(SENTENCES, random.Random(0))
    silent = SENTENCES[0].id
    heard = [
        Heard(s.id, f"voice of {half}", half, s.text, "" if s.id == silent else f"{s.text} heard", None)
        for s in SENTENCES
        if (half := halves[s.id])
    ]
    heard += [Heard(s.id, "clean", "whole", s.text, "never used", None) for s in SENTENCES]
    clips = [
        Heard(c.name, f"{c.actor:02d}", half, "said", "kids are talking", None) for half in CLIPS for c in CLIPS[half]
    ]
    found = own_pairs(CLIPS, [*heard, *clips[:-1]], seed=0, sounds=tmp_path)
    of = {kind: [pair for pair in found if pair.kind == kind] for kind in KINDS}
    assert len(of["words_say_nothing"]) == len(clips) - 1, "what the service takes no words from is the voice's alone"
    assert {pair.heard for pair in of["words_say_nothing"]} == {"kids are talking"}
    assert len(of["voice_says_nothing"]) == len(SENTENCES) - 1
    assert all(pair.cut and pair.speaker == f"voice of {pair.half}" for pair in of["voice_says_nothing"])
    assert silent not in {pair.sentence for pair in found}
    ours = {(pair.sentence, pair.half) for kind, own in of.items() if kind != "words_say_nothing" for pair in own}
    assert ours == {(s.id, halves[s.id]) for s in SENTENCES[1:]}, "one that nobody heard moves no other"
    assert all(pair.heard.endswith(" heard") for pair in of["both_say_it"] + of["they_contradict"])
