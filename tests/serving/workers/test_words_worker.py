"""What a worker answers to a batch of requests, with recognisers of our own."""

import time
from pathlib import Path

import numpy as np
import pytest

from serving.workers.words import RecogniserAPI
from undertone.words.engines.recogniser import NoRecogniser
from undertone.words.transcript import Transcript

pytestmark = pytest.mark.fast


class Counting:
    """Its words are the number of samples; an odd number is more than it can bear."""

    def __init__(self):
        self.description = {"engine": "counting"}
        self.batches = []

    def transcribe_all(self, sounds):
        lengths = [len(sound.samples) for sound in sounds]
        self.batches.append(lengths)
        if any(length % 2 for length in lengths):
            raise ValueError("odd")
        return [Transcript(str(length)) for length in lengths]


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
