"""Whether joining the recogniser's ear with the acoustic network costs anything, on sounds unlike those learned from.

First clips of the test actors through rooms, codecs and at other speeds, with their labels: UAR, log loss and ECE of
the network, the ear and both, as in service. Then speech without feeling: two synthetic voices, read sentences,
meetings; how much of it is heard as neutral, and how much gets a sure answer (over 0.7) that is not.

    python benchmarks/ears/domains.py --release models/promoted --every 2

Needs `dvc repro features`, espeak-ng for its voice, and `UNDERTONE_DATA` for what was recorded.
"""

import argparse
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from training.corpora.labeled.labeled_set import load_sentences
from training.corpora.ravdess.clips import load_features, load_waveform
from training.encoder.disturbed import at_some_speed, in_some_room
from training.encoder.frozen import Encoder, load_encoder
from training.features.silero import published_silero
from training.params import load_params
from training.sounds.conditions import Waveform, rng_of, through_telephone, with_noise
from training.sounds.speaking import PUBLISHED, Speaker
from undertone.audio import RATE_HZ, Samples, to_int16
from undertone.audio_file import blocks
from undertone.gate.listener import utterances
from undertone.gate.settings import vad_settings
from undertone.manifest import EAR_FILE, load
from undertone.release import Release, open_release
from undertone.scoring.scores import classification_scores
from undertone.voice.ear import Ear
from undertone.voice.joined import joined

EARS = ("network", "ear", "both")
NEUTRAL, SURE = 1, 0.7
Change = Callable[[Waveform, np.random.Generator], Waveform]


def through_codec(waveform: Waveform, file_format: str, subtype: str) -> Waveform:
    """Return `waveform` written and read by libsndfile in a lossy format."""
    file = io.BytesIO()
    soundfile.write(file, waveform, RATE_HZ, format=file_format, subtype=subtype)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0])[: len(waveform)]


SHIFTS: dict[str, Change] = {
    "as recorded": lambda waveform, _: waveform,
    "room, 0.3 s": lambda waveform, rng: in_some_room(waveform, rng, (0.3, 0.3)),
    "room, 0.8 s": lambda waveform, rng: in_some_room(waveform, rng, (0.8, 0.8)),
    "MP3": lambda waveform, _: through_codec(waveform, "MP3", "MPEG_LAYER_III"),
    "Opus": lambda waveform, _: through_codec(waveform, "OGG", "OPUS"),
    "mu-law, 300-3400 Hz": lambda w, rng: through_codec(through_telephone(w, rng, RATE_HZ), "WAV", "ULAW"),
    "15 % slower and lower": lambda waveform, rng: at_some_speed(waveform, rng, (0.85, 0.85)),
    "18 % faster and higher": lambda waveform, rng: at_some_speed(waveform, rng, (1.18, 1.18)),
    "white noise, 10 dB": lambda waveform, rng: with_noise(waveform, rng, "white", 10.0, []),
    "0.8 s of it": lambda waveform, rng: waveform[int(rng.integers(max(1, len(waveform) - 12_800))) :][:12_800],
}


class Ears:
    """Network and ear of a release, as a final hears them."""

    def __init__(self, release: Release, folder: Path, encoder: Encoder) -> None:
        settings = load(folder).ear
        if settings is None:
            raise SystemExit(f"{folder} has no ear")
        self._network, self._ear, self._encoder = release.acoustic, Ear(folder / EAR_FILE, settings), encoder

    def answers(self, sounds: Sequence[Samples]) -> dict[str, NDArray[np.float64]]:
        """Return what network, ear and both say of each of `sounds`, (n, 3)."""
        network = np.stack([self._network.of_utterance(sound) for sound in sounds])
        ear = np.stack([self._ear.probabilities(self._encoder.encoding(sound)) for sound in sounds])
        return dict(zip(EARS, (network, ear, joined(network, ear, self._ear.settings)), strict=True))


def shifted(ears: Ears, every: int) -> Table:
    """Return UAR, log loss and ECE of the clips of the test actors, every so many, under each of `SHIFTS`."""
    actors = load_params()["split"]["test_actors"]
    clips = [clip for clip in load_features() if clip.actor in actors][::every]
    actual = np.array([clip.label_index for clip in clips])
    table = Table("clips of actors 21-24", *(f"{what}, {ear}" for what in ("UAR", "log loss", "ECE") for ear in EARS))
    for name, change in SHIFTS.items():
        sounds = [to_int16(np.clip(change(load_waveform(clip), rng_of(clip.name)), -1, 1)) for clip in clips]
        scores = {ear: classification_scores(actual, own) for ear, own in ears.answers(sounds).items()}
        table.add_row(name, *(f"{scores[ear][key]:.3f}" for key in ("uar", "nll", "ece") for ear in EARS))
    return table


def without_feeling(every: int) -> Iterator[tuple[str, list[Samples]]]:
    """Yield speech that nobody puts a feeling into, by name: sounds as the speech gate cuts them."""
    texts = [sentence.text for sentence in load_sentences()][:: 4 * every]
    speaker = Speaker()
    yield "hibari-tts", [sound for text in texts for sound in cut(speaker.speak(text, PUBLISHED))]
    if shutil.which("espeak-ng"):
        yield "espeak-ng", [sound for text in texts for sound in cut(espeak(text))]
    data = os.environ.get("UNDERTONE_DATA")
    for kind in ("reading", "meetings") if data else ():
        files = [path for path in sorted((Path(data or "") / "real" / kind).iterdir()) if path.suffix != ".csv"]
        audio = [path for path in files if path.suffix in (".flac", ".wav", ".ogg")]
        yield kind, [sound for path in audio for sound in cut(np.concatenate(list(blocks(path))))]


def espeak(text: str) -> Samples:
    """Return `text` spoken by espeak-ng."""
    wav = subprocess.run(["espeak-ng", "--stdout", text], capture_output=True, check=True).stdout
    sound, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    return to_int16(np.asarray(0.5 * soxr.resample(sound, rate, RATE_HZ), dtype=np.float32))


def cut(samples: Samples) -> list[Samples]:
    """Return the utterances that the speech gate finds, up to 28 s long."""
    silence = np.zeros(int(0.8 * RATE_HZ), dtype=np.int16)
    padded = np.concatenate([silence, samples, silence])
    found = utterances(padded, published_silero(), vad_settings(load_params()["vad"]))
    return [padded[one.start : one.end] for one in found if one.end - one.start < 28 * RATE_HZ]


def neutral(ears: Ears, every: int) -> Table:
    """Return how much of the speech without feeling each ear hears as neutral."""
    columns = [f"{what}, {ear}" for what in ("neutral", "sure and not neutral") for ear in EARS]
    table = Table("speech without feeling", "utterances", *columns)
    for name, sounds in without_feeling(every):
        answers = ears.answers(sounds)
        calm = [f"{np.mean(answers[ear].argmax(axis=1) == NEUTRAL):.0%}" for ear in EARS]
        wrong = [answers[ear][answers[ear].argmax(axis=1) != NEUTRAL].max(axis=1, initial=0) > SURE for ear in EARS]
        table.add_row(name, str(len(sounds)), *calm, *(f"{own.sum() / len(sounds):.0%}" for own in wrong))
    return table


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="network, ear and both on sounds unlike those learned from")
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--every", type=int, default=1, help="take every so many of the clips and sentences")
    arguments = parser.parse_args()
    ears = Ears(open_release(arguments.release), arguments.release, load_encoder(load_params()["fusion"]["asr_model"]))
    console = Console(width=160)
    console.print(shifted(ears, arguments.every))
    console.print(neutral(ears, arguments.every))


if __name__ == "__main__":
    main()
