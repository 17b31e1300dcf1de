"""What the int8 graphs answer to one utterance, with the same preparation as in service.

Serving has its own reader of a whole release (undertone/voice/acoustic.py, undertone/words/sentiment.py); training must
not import it, and a test holds the two together.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from undertone.labels import LABELS
from undertone.probabilities import Probabilities, softmax
from undertone.voice.windows import cut

SPECIAL = ("[CLS]", "[SEP]", "[UNK]", "[PAD]")


def open_graph(path: Path) -> onnxruntime.InferenceSession:
    """Return a session of one thread, so that the same input gives the same bits.

    Raises:
        SystemExit: there is no such file.
    """
    if not path.is_file():
        raise SystemExit(f"{path} not found: it is made by `dvc repro`")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])


class VoiceGraph:
    """Waveform (samples,), 16 kHz in [-1, 1] -> probabilities (3,)."""

    def __init__(self, path: Path, temperature: float, min_samples: int) -> None:
        self._session, self._temperature, self._min_samples = open_graph(path), temperature, min_samples

    def probabilities(self, waveform: NDArray[np.float32]) -> Probabilities:
        """Return the probabilities of an utterance: the mean of its windows; under `min_samples` it is padded."""
        padded = np.pad(waveform, (0, max(0, self._min_samples - len(waveform))))
        (logits,) = self._session.run(["logits"], {"waveform": cut(padded.astype(np.float32))})
        return np.asarray(softmax(logits, self._temperature).mean(axis=0))


class WordsGraph:
    """Text -> probabilities (3,); a text in which the tokenizer knows nothing is neutral."""

    def __init__(self, path: Path, tokenizer: Path, temperature: float, max_tokens: int) -> None:
        self._session, self._temperature = open_graph(path), temperature
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()
        self._mute = {self._tokenizer.token_to_id(token) for token in SPECIAL}

    def probabilities(self, text: str) -> Probabilities:
        """Return the probabilities of `text`, of which the first `max_tokens` pieces are read."""
        ids = self._tokenizer.encode(text).ids
        if self._mute.issuperset(ids):
            return np.array([float(label == "neutral") for label in LABELS])
        tokens = np.array([ids], dtype=np.int64)
        (logits,) = self._session.run(["logits"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        return softmax(logits[0], self._temperature)
