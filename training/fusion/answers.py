"""What the released graphs answer to the pairs of the labelled set: the voice of each half, and the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from training.corpora.labeled.recordings import read_recording, read_speech
from training.corpora.ravdess.clips import Clip, load_samples
from training.files import (
    EAR_GRAPH,
    INT8_GRAPH,
    TEXT_INT8_GRAPH,
    TEXT_QUANTIZE_METRICS,
    TOKENIZER,
    VALIDATION_EAR_GRAPH,
    VALIDATION_GRAPH,
    VOICE_METRICS,
    existing,
    read_metrics,
)
from training.fusion.ears import Ears, load_ears
from training.fusion.pairs import Pair
from training.fusion.scores import Half
from undertone.audio import Samples
from undertone.labels import label_index
from undertone.manifest import acoustic_settings
from undertone.probabilities import Probabilities
from undertone.voice.acoustic import AcousticModel
from undertone.words.sentiment import TextModel


@dataclass(frozen=True)
class Graphs:
    """The graphs that answer; the `validation` ones were fitted without the validation actors."""

    validation: Path = VALIDATION_GRAPH
    released: Path = INT8_GRAPH
    validation_ear: Path = VALIDATION_EAR_GRAPH
    released_ear: Path = EAR_GRAPH
    text: Path = TEXT_INT8_GRAPH
    tokenizer: Path = TOKENIZER


@dataclass(frozen=True)
class Networks:
    """The networks that answer: the voice by half, for the tuning actors one that never heard them, and the words."""

    voices: Mapping[str, AcousticModel]
    ears: Ears
    words: TextModel
    vad: Mapping[str, float]

    def by_kind(self, pairs: Sequence[Pair]) -> dict[str, Half]:
        """Return what they answer to the pairs of each kind; each clip and each text is judged once."""
        texts = tqdm(sorted({pair.heard for pair in pairs}), "words", mininterval=1.0)
        heard = {text: self.words.probabilities(text) for text in texts}
        sounds = tqdm({_sound(pair): pair for pair in pairs}.items(), "voices", mininterval=1.0)
        spoken = {sound: self._voice(pair) for sound, pair in sounds}
        kinds = dict.fromkeys(pair.kind for pair in pairs)
        return {kind: _half([pair for pair in pairs if pair.kind == kind], heard, spoken) for kind in kinds}

    def answers(self, pairs: Sequence[Pair]) -> Half:
        """Return what they answer to `pairs`, which are of one kind."""
        (half,) = self.by_kind(pairs).values()
        return half

    def _voice(self, pair: Pair) -> Probabilities:
        samples = self._samples(pair)
        return self.ears.voice(pair, samples, self.voices[pair.half].of_utterance(samples))

    def _samples(self, pair: Pair) -> Samples:
        if isinstance(pair.audio, Clip):
            return load_samples(pair.audio)
        return read_recording(pair.audio) if pair.cut else read_speech(pair.audio, self.vad)


def _half(
    pairs: Sequence[Pair], heard: Mapping[str, Probabilities], spoken: Mapping[tuple[str, str], Probabilities]
) -> Half:
    return Half(
        text=np.stack([heard[pair.heard] for pair in pairs]),
        audio=np.stack([spoken[_sound(pair)] for pair in pairs]),
        actual=np.array([label_index(pair.label) for pair in pairs]),
        sentence=np.unique([pair.sentence for pair in pairs], return_inverse=True)[1],
        speaker=np.unique([pair.speaker for pair in pairs], return_inverse=True)[1],
    )


def load_networks(params: Mapping[str, Any], graphs: Graphs, own: bool) -> Networks:
    """Return the networks; `own` clips of the tuning half are judged by the voice that was fitted without them.

    Raises:
        SystemExit: a graph or a metrics file is missing; the message names the stage that makes it.
    """
    settings = acoustic_settings(params["features"], read_metrics(VOICE_METRICS)["temperature"])
    halves = {"tuning": graphs.validation if own else graphs.released, "test": graphs.released}
    voices = {half: AcousticModel(existing(path), settings) for half, path in halves.items()}
    tuning_ear = graphs.validation_ear if own else graphs.released_ear
    ears = load_ears(params, {"tuning": tuning_ear, "test": graphs.released_ear})
    temperature = read_metrics(TEXT_QUANTIZE_METRICS)["temperature"]
    words = TextModel(existing(graphs.text), existing(graphs.tokenizer), temperature, params["text"]["max_tokens"])
    return Networks(voices, ears, words, params["vad"])


def _sound(pair: Pair) -> tuple[str, str]:
    return pair.half, pair.audio.name if isinstance(pair.audio, Clip) else str(pair.audio)
