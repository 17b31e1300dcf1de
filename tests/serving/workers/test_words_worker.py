"""What a worker answers to a batch of requests, with recognisers of our own."""

import time
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from serving.workers.words import RecogniserAPI
from undertone.words.engines.recogniser import NoRecogniser
from undertone.words.transcript import Recogniser, Transcript

pytestmark = pytest.mark.fast


class Counting(Recogniser):
    """Its words are the number of samples; an odd number is more than it can bear. The longest comes last."""

    description = MappingProxyType({"engine": "counting"})

    def __init__(self):
        self.batches = []

    def transcribe_all(self, sounds):
        return [transcript for _, transcript in sorted(self.transcribe_each(sounds))]

    def transcribe_each(self, sounds):
        lengths = [len(sound.samples) for sound in sounds]
        self.batches.append(lengths)
        for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
            if lengths[place] % 2:
                raise ValueError("odd")
            yield place, Transcript(str(lengths[place]))


def worker_with(recogniser):
    worker = RecogniserAPI("/words", Path("no release"), None)
    worker._recogniser = recogniser
    return worker


def request(length, patience_s=10.0):
    return {"samples": np.zeros(length, np.int16).tobytes(), "until_s": time.monotonic() + patience_s}


def test_a_batch_is_heard_at_once_and_answered_in_its_order():
    worker = worker_with(Counting())
    answers = worker.predict([request(4), {"describe": True, "until_s": 0.0}, request(2)])
    assert (answers[0]["text"], answers[1], answers[2]["text"]) == ("4", {"engine": "counting"}, "2")
    assert worker._recogniser.batches == [[4, 2]]


def test_what_nobody_waits_for_any_more_is_not_heard():
    worker = worker_with(Counting())
    answers = worker.predict([request(2, patience_s=-1.0), request(4)])
    assert answers[0] == {"reason": "asr_timeout"}
    assert worker._recogniser.batches == [[4]]


def test_one_that_cannot_be_heard_costs_the_others_nothing():
    answers = worker_with(Counting()).predict([request(2), request(3), request(4)])
    assert answers[1] == {"error": "ValueError('odd')"}
    assert (answers[0]["text"], answers[2]["text"]) == ("2", "4")


def test_without_a_recogniser_none_of_them_has_words():
    answers = worker_with(NoRecogniser("none here")).predict([request(2), request(4)])
    assert answers == 2 * [{"reason": "asr_unavailable"}]


def told_ahead(worker, requests):
    """Return the parts of the answer that are sent before it, by place, and the answer."""
    parts = []
    worker._sending.tell = parts.append
    answers = worker.predict(requests)
    return [(part.place, part.answer.get("text")) for part in parts], [answer.get("text") for answer in answers]


def test_what_takes_long_holds_up_nobody_that_it_is_heard_with():
    parts, answers = told_ahead(worker_with(Counting()), [request(6), request(2), request(4)])
    assert parts == [(1, "2"), (2, "4")], "the last is in the whole answer"
    assert answers == ["6", "2", "4"]


def test_one_alone_is_answered_once():
    assert told_ahead(worker_with(Counting()), [request(2)]) == ([], ["2"])


def test_what_was_told_before_another_failed_is_neither_heard_nor_told_again():
    worker = worker_with(Counting())
    parts, answers = told_ahead(worker, [request(2), request(8), request(5)])
    assert (parts, answers) == ([(0, "2"), (1, "8")], ["2", "8", None])
    assert worker._recogniser.batches == [[2, 8, 5], [8], [5]]
