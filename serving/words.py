"""What is said: the LitServe worker that gets whole utterances and answers with their words.

There is no speech recognition yet, so every answer says `asr_unavailable`; the way there and back is the real one.
"""

from dataclasses import dataclass
from typing import Any

import litserve

WORDS_PATH = "/internal/words"

# What session.created and /info say of the recogniser.
NO_ASR = {"engine": "none", "model": None, "open_vocabulary": False}


@dataclass(frozen=True)
class Words:
    """The words of one utterance, or why there are none; `text_probabilities` follow `contract.labels.LABELS`."""

    text: str | None = None
    reason: str | None = None
    text_probabilities: list[float] | None = None
    asr_latency_ms: float | None = None
    text_latency_ms: float | None = None
    queue_latency_ms: float | None = None


class WordsAPI(litserve.LitAPI):
    """Runs in LitServe's inference workers; `health` is asked in the API process."""

    def __init__(self) -> None:
        super().__init__(api_path=WORDS_PATH)
        self.ready = False  # set in the API process once its own models are warm

    def setup(self, device: str) -> None:
        """Load the recogniser; there is none yet."""

    def decode_request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take the payload of `WorkerQueue.submit` as it is: `samples`, int16 PCM bytes at 16 kHz, and settings."""
        return request

    def predict(self, x: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of `Words`."""
        return {"text": None, "reason": "asr_unavailable"}

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        """Hand the fields back as they are."""
        return output

    def health(self) -> bool:
        """Tell whether the API process is ready: LitServe's /health is 503 until then."""
        return self.ready
