"""Stage `spoken`: what the fusion is tuned on, as the service hears it: our sentences spoken, and what clips say.

Each sentence of data/labeled is spoken by the neutral voices of its half (training/sounds/speaking.py), passes through
the speech gate, and is written down by the recogniser of the service. The clips of RAVDESS of the validation and the
test actors go the same way. Out come `features/heard.arrow`, a row for each, and `spoken/`, the sound of the
sentences as the voice hears it. For what the recogniser costs the text model, all sentences are heard once more in the
published voice: clean, with pink noise 10 dB below it, and through a telephone. Run it as `python -m
training.fusion.spoken`.
"""

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from tqdm import tqdm

from training.corpora.labeled.labeled_set import HALVES, Sentence, load_sentences
from training.corpora.ravdess.clips import Clip, load_features, read_samples
from training.corpora.ravdess.names import STATEMENTS
from training.corpora.ravdess.splits import main_split
from training.features.silero import published_silero
from training.files import HEARD, SPOKEN, SPOKEN_METRICS
from training.fusion.pairs import split_sentences
from training.metrics_files import write_metrics
from training.params import load_params
from training.sounds.conditions import Condition, through_telephone, with_noise
from training.sounds.speaking import PUBLISHED, Speaker
from training.tables import read_table, write_records
from undertone.audio import RATE_HZ, SAMPLES_PER_MS, Samples, to_float, to_int16
from undertone.gate.listener import utterances
from undertone.gate.settings import VadSettings, vad_settings
from undertone.scoring.word_errors import word_error_rate
from undertone.words.engines.recogniser import load_recogniser
from undertone.words.settings import AsrSettings
from undertone.words.transcript import Recogniser

WHOLE = "whole"  # in the place of a half: all sentences, for the text model
CONDITIONS: dict[str, Condition] = {
    "clean": lambda waveform, _: waveform,
    "noise_10dB": partial(with_noise, kind="pink", snr_db=10.0, voices=()),
    "telephone": partial(through_telephone, rate_hz=RATE_HZ),
}


@dataclass(frozen=True)
class Heard:
    """One utterance: who says what (`name` is a sentence's id or a clip), and the words that the service takes from it.

    `text` is "" where it would say `reason` in their place.
    """

    name: str
    voice: str
    half: str
    said: str
    text: str
    reason: str | None


class Service:
    """The way from samples to words as in service: speech gate, recogniser, gate against invented words."""

    def __init__(self, vad: VadSettings, recogniser: Recogniser) -> None:
        self._vad, self._recogniser = vad, recogniser

    def longest(self, samples: Samples) -> tuple[Samples, str, str | None]:
        """Return the longest utterance of (n,) int16, its words, and the reason where there are none."""
        found = utterances(samples, published_silero(), self._vad)
        if not found:
            return samples[:0], "", "no_speech"
        ended = max(found, key=lambda utterance: utterance.end - utterance.start)
        heard = samples[ended.start : ended.end]
        speech_ms = (ended.speech_end - ended.speech_start) // SAMPLES_PER_MS
        transcript = self._recogniser.transcribe(heard, speech_ms=speech_ms, speech_prob=ended.speech_prob)
        return heard, "" if transcript.rejected else transcript.text, transcript.rejected


def sentences_of(half: str, seed: int) -> list[Sentence]:
    """Return our sentences of one half; the same seed halves them the same way everywhere."""
    sentences = load_sentences()
    halves = split_sentences(sentences, random.Random(seed))
    return [sentence for sentence in sentences if halves[sentence.id] == half]


def spoken_sentences(service: Service, params: Mapping[str, Any], folder: Path) -> Iterator[Heard]:
    """Yield what is heard of every sentence in every voice of its half; write the sounds under `folder`."""
    speaker = Speaker()
    for half in HALVES:
        for voice, settings in params["spoken"]["voices"][half].items():
            (folder / voice).mkdir(parents=True)
            for sentence in tqdm(sentences_of(half, params["fusion"]["seed"]), voice, mininterval=5.0):
                sound, text, reason = service.longest(speaker.speak(sentence.text, settings))
                soundfile.write(folder / voice / f"{sentence.id}.flac", sound, RATE_HZ)
                yield Heard(sentence.id, voice, half, sentence.text, text, reason)


def all_sentences(service: Service, sentences: Sequence[Sentence]) -> Iterator[Heard]:
    """Yield what is heard of every sentence in the published voice under each of `CONDITIONS`; half is `WHOLE`."""
    speaker, rng = Speaker(), np.random.default_rng(0)
    for sentence in tqdm(sentences, "all sentences", mininterval=5.0):
        clean = to_float(speaker.speak(sentence.text, PUBLISHED))
        for name, change in CONDITIONS.items():
            samples = to_int16(change(clean, rng))
            _, text, reason = service.longest(samples)
            yield Heard(sentence.id, name, WHOLE, sentence.text, text, reason)


def spoken_clips(service: Service, clips: Mapping[str, list[Clip]]) -> Iterator[Heard]:
    """Yield what is heard of the clips of each half."""
    for half, own in clips.items():
        for clip in tqdm(own, f"clips, {half}", mininterval=5.0):
            _, text, reason = service.longest(read_samples(clip.name))
            yield Heard(clip.name, f"{clip.actor:02d}", half, STATEMENTS[clip.statement], text, reason)


def load_heard(path: Path = HEARD) -> list[Heard]:
    """Return the rows that the stage wrote.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    return [Heard(**row) for row in read_table(path, "spoken").to_pylist()]


def summary(rows: list[Heard]) -> dict[str, Any]:
    """Return, for each voice of the sentences and for the clips of each half, word error rate and what has no words."""
    groups: dict[str, list[Heard]] = {}
    for row in rows:
        groups.setdefault(f"clips, {row.half}" if row.voice.isdecimal() else row.voice, []).append(row)
    return {
        name: {
            "utterances": len(own),
            "word_error_rate": word_error_rate([row.said for row in own], [row.text for row in own]),
            "without_words": sum(not row.text for row in own),
        }
        for name, own in groups.items()
    }


def main() -> None:
    """Run the stage with params.yaml."""
    params = load_params()
    split, clips = main_split(params["split"]), load_features()
    of_half = dict(zip(HALVES, (split.validation, split.test), strict=True))
    clips_of = {half: [clip for clip in clips if clip.actor in actors] for half, actors in of_half.items()}
    recogniser = load_recogniser(AsrSettings(model=params["fusion"]["asr_model"]))
    service = Service(vad_settings(params["vad"]), recogniser)
    shutil.rmtree(SPOKEN, ignore_errors=True)
    rows = [
        *spoken_sentences(service, params, SPOKEN),
        *spoken_clips(service, clips_of),
        *all_sentences(service, load_sentences()),
    ]
    write_records(HEARD, rows)
    write_metrics(SPOKEN_METRICS, summary(rows))


if __name__ == "__main__":
    main()
