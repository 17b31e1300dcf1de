"""What the words say: sentiment probabilities of one text, from the released int8 classifier and its tokenizer.

Every text has an answer and none raises: longer ones are cut, and one with nothing that the tokenizer knows (empty,
only emoji or a foreign script) says nothing, which is neutral.
"""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from undertone import manifest as manifests
from undertone.labels import LABELS
from undertone.manifest import TEXT_FILE, TOKENIZER_FILE, ManifestError
from undertone.onnx_session import open_session
from undertone.probabilities import Probabilities, softmax

INPUTS = {"input_ids", "attention_mask"}
MAX_CHARACTERS = 20_000  # read no further: a hostile text must not cost more than a long one


class TextModel:
    """Input a text, output probabilities (3,) in the order of `undertone.labels.LABELS`.

    Raises:
        ManifestError: the tokenizer cannot be read, or the graph does not take ids and mask and give three logits.
    """

    def __init__(self, graph: Path, tokenizer: Path, temperature: float, max_tokens: int = 128) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # tokenizers raises bare Exception
            raise ManifestError(f"{tokenizer} is not a tokenizer: {error}") from None
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()
        self._mute = {self._tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]", "[UNK]", "[PAD]")}
        self._temperature = temperature
        self._session = open_session(graph)
        names = {value.name for value in self._session.get_inputs()}
        if names != INPUTS:
            raise ManifestError(f"{graph} takes {sorted(names)}; a text graph takes {sorted(INPUTS)}")
        logits = self._logits(self._ids("fine"))
        if logits.shape != (len(LABELS),):
            raise ManifestError(
                f"{graph} gives logits of shape {logits.shape} for one text; {len(LABELS)} are expected"
            )

    def understands(self, text: str) -> bool:
        """Return whether the tokenizer knows anything of `text`; what it does not know at all says nothing."""
        return not self._mute.issuperset(self._ids(text))

    def probabilities(self, text: str) -> Probabilities:
        """Return the probabilities of `text`; what stands after the first `max_tokens` pieces is not read."""
        ids = self._ids(text)
        if self._mute.issuperset(ids):
            return np.array([float(label == "neutral") for label in LABELS])
        return softmax(self._logits(ids), self._temperature)

    def _ids(self, text: str) -> list[int]:
        # A lone surrogate cannot cross into the tokenizer.
        clean = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
        return list(self._tokenizer.encode(clean).ids)

    def _logits(self, ids: list[int]) -> Probabilities:
        tokens = np.array([ids], dtype=np.int64)
        (logits,) = self._session.run(["logits"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        return np.asarray(logits[0], dtype=np.float64)


def load_text_model(folder: Path) -> TextModel:
    """Return the text model of the release in `folder`, after checking its manifest and every file.

    Raises:
        undertone.manifest.ReleaseError: what is wrong, and with which file.
    """
    manifest = manifests.load(folder)
    missing = [name for name in (TEXT_FILE, TOKENIZER_FILE) if name not in manifest.files]
    if missing:
        raise ManifestError(f"{folder} releases no text model ({' and '.join(missing)} missing)")
    settings = manifest.text
    return TextModel(folder / TEXT_FILE, folder / TOKENIZER_FILE, settings.temperature, settings.max_tokens)
