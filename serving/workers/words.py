"""What is said: the LitServe workers that get whole utterances and answer with their words.

The recogniser and the text model live in these processes, which LitServe spawns, never in the API process. Words for
finals and words while someone speaks have a LitAPI each: a queue and workers of their own, so that partials never
delay a final. A worker gets several utterances at once where several wait: the decoder costs little more for four than
for one.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import litserve
import numpy as np

from serving.litserve_internals import Part, WorkerLoop
from serving.logs import QUIET, LogSettings, about, set_up
from serving.processes import end_with_parent
from serving.threads import add_up_alone
from serving.workers.memory import UNBOUNDED, MemoryLimit
from undertone.words.engines.window import windows_s
from undertone.words.reading import read
from undertone.words.reasons import Reason
from undertone.words.sentiment import TextModel, load_text_model
from undertone.words.settings import AsrSettings
from undertone.words.transcript import AsrUnavailableError, NoRecogniser, Recogniser, Sound

WORDS_PATH = "/internal/words"
PARTIALS_PATH = "/internal/partials"
MOST_AT_ONCE = 4  # utterances in a batch; eight gain nothing over four, and all wait for the last
WORDS_NICENESS, PARTIALS_NICENESS = 2, 10  # of those that compete for a core, hearing has it, then finals

log = logging.getLogger("undertone.words")

# What session.created and /info say of the recogniser as long as no worker has told which one it loaded.
NO_ASR = NoRecogniser("no worker is ready yet").description


def kind_of(audio_s: float, language: str | None, asr: AsrSettings | None) -> object:
    """Return what utterances must have in common to be decoded together: the window, and the language asked for."""
    return (windows_s(audio_s, asr)[0], language) if asr else None


class RecogniserAPI(litserve.LitAPI):
    """Runs in LitServe's inference workers, with the text model of `release` once somebody asks what words say.

    A batch is a list of requests, answered by a list; what is known before all of it is sent ahead. Requests are
    `{"describe": True}`, answered by `Recogniser.description`, or `samples` (int16 PCM bytes at 16 kHz) and the other
    fields of `Sound`, answered by the fields of `Words`, or by `error` where that one request failed. What is taken up
    after its `until_s` is not done. What is logged of a request carries the ids of its `subject`. A worker that takes
    more than `memory` ends between two batches.
    """

    def __init__(
        self,
        api_path: str,
        release: Path,
        asr: AsrSettings | None,
        log: LogSettings = QUIET,
        memory: MemoryLimit = UNBOUNDED,
    ) -> None:
        self._sending = WorkerLoop(memory.end_if_over)
        super().__init__(api_path=api_path, loop=self._sending)
        self._release, self._asr, self._log, self._memory = release, asr, log, memory
        self._text: TextModel | None = None

    def setup(self, device: str) -> None:
        """Load and warm the recogniser."""
        end_with_parent()
        add_up_alone()
        from undertone.words.engines.recogniser import (  # the engines: not for the API process, which imports us
            NoRecogniser,
            load_recogniser,
        )

        set_up(self._log, role=self.api_path.rpartition("/")[2])
        switched_off = NoRecogniser("switched off with --asr-model none")
        self._recogniser: Recogniser = load_recogniser(self._asr) if self._asr else switched_off
        self._memory.check_loaded()

    def decode_request(self, request: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the batch of `WorkerQueue` as it is."""
        return request

    def predict(self, x: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return, for each request, the description of the recogniser or the fields of `Words`."""
        answers: dict[int, dict[str, Any]] = {}
        for place, answer in self._answered(x):
            answers[place] = answer
            if len(answers) < len(x):
                self._sending.tell(Part(place, answer))
        return [answers[place] for place in range(len(x))]

    def encode_response(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Hand the answers back as they are."""
        return output

    def _without_hearing(self, request: dict[str, Any]) -> dict[str, Any] | None:
        if request.get("describe"):
            return self._recogniser.description
        return {"reason": Reason.ASR_TIMEOUT} if time.monotonic() > request["until_s"] else None

    def _answered(self, requests: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        to_hear: dict[int, dict[str, Any]] = {}
        for place, request in enumerate(requests):
            if (known := self._without_hearing(request)) is None:
                to_hear[place] = request
            else:
                yield place, known
        yield from self._heard(to_hear)

    def _heard(self, requests: Mapping[int, dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        began_s, left = time.perf_counter(), dict(requests)
        places = list(requests)
        try:
            for number, transcript in self._recogniser.transcribe_each([_sound(requests[place]) for place in places]):
                asr_latency_ms = 1000 * (time.perf_counter() - began_s)
                request = requests[places[number]]
                answer = vars(read(transcript, self._text_model(request), asr_latency_ms))
                del left[places[number]]
                yield places[number], answer
        except AsrUnavailableError:
            yield from ((place, {"reason": Reason.ASR_UNAVAILABLE}) for place in left)
        except Exception as error:
            if len(left) > 1:  # what one of them is at fault for costs the others nothing
                for place, request in left.items():
                    yield from self._heard({place: request})
                return
            for place, request in left.items():
                with about(request.get("subject", {})):
                    log.exception("no words for an utterance")
                yield place, {"error": repr(error)}

    def _text_model(self, request: dict[str, Any]) -> TextModel | None:
        if self._text is None and request.get("judged"):
            self._text = load_text_model(self._release)
        return self._text if request.get("judged") else None


class WordsAPI(RecogniserAPI):
    """Whole utterances: what was said, and what the words say of the speaker."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(WORDS_PATH, *arguments, **options)

    def setup(self, device: str) -> None:
        """Load and warm the recogniser and the text model of the release, behind whatever hears."""
        os.nice(WORDS_NICENESS)
        super().setup(device)
        self._text = load_text_model(self._release)
        self._memory.check_loaded()


class PartialsAPI(RecogniserAPI):
    """What may wait for finals: words while they are spoken, for `transcript.partial`, and those of recordings.

    Only of the latter, whose requests have `judged`, it is found what the words say of the speaker.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(PARTIALS_PATH, *arguments, **options)

    def setup(self, device: str) -> None:
        """Load and warm the recogniser, behind whatever works for a final."""
        os.nice(PARTIALS_NICENESS)
        super().setup(device)


def _sound(request: dict[str, Any]) -> Sound:
    samples = np.frombuffer(request["samples"], dtype=np.int16)
    known = {name: request.get(name) for name in ("language", "speech_ms", "speech_prob")}
    return Sound(samples, **known, word_times=request.get("word_times", False))
