"""What the voice of a pair says: the answers of the network and of the recogniser's ear, joined as in service.

Clips and our sentences were encoded by the stage `encoder_features`; a user's recordings are encoded here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from training.corpora.ravdess.clips import Clip
from training.encoder.frozen import Encoder, load_encoder
from training.encoder.table import CLEAN, SPOKEN_CONDITION, Encodings, load_encodings, sentence_name
from training.files import existing
from training.fusion.pairs import Pair
from training.joining.settings import ear_settings
from undertone.audio import Samples
from undertone.probabilities import Probabilities
from undertone.voice.ear import Ear, Encoding
from undertone.voice.joined import joined


@dataclass(frozen=True)
class Ears:
    """The ears that answer, by half: for the tuning actors one that never heard them."""

    of_half: Mapping[str, Ear | None]
    encodings: Encodings | None  # of clips and our sentences; a set of recordings needs none
    asr_model: str

    def voice(self, pair: Pair, samples: Samples, cnn: Probabilities) -> Probabilities:
        """Return what the voice of `pair` says, (3,); `cnn` is what the network says of its `samples`."""
        ear = self.of_half[pair.half]
        if ear is None:
            return cnn
        return joined(cnn, ear.probabilities(self._encoding(pair, samples)), ear.settings)

    def _encoding(self, pair: Pair, samples: Samples) -> Encoding:
        if self.encodings is None or not (isinstance(pair.audio, Clip) or pair.cut):
            return _encoder(self.asr_model).encoding(samples)
        if isinstance(pair.audio, Clip):
            return self.encodings.of(CLEAN, [pair.audio.name])[0]
        name = sentence_name(pair.audio.parent.name, pair.audio.stem)
        return self.encodings.of(SPOKEN_CONDITION, [name])[0]


def load_ears(params: Mapping[str, Any], graphs: Mapping[str, Path]) -> Ears:
    """Return the ears of `graphs`, by half.

    Raises:
        SystemExit: a graph, the encodings or a metrics file is missing; the message names the stage that makes it.
    """
    settings = ear_settings(params)
    of_half = {half: Ear(existing(path), settings) for half, path in graphs.items()}
    return Ears(of_half, load_encodings(), params["fusion"]["asr_model"])


@cache
def _encoder(model: str) -> Encoder:
    return load_encoder(model)
