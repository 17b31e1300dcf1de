"""What a recogniser and the gate make of sounds that are no speech, and of speech: how many pass.

    python benchmarks/words/asr_noise.py --clips 200
    python benchmarks/words/asr_noise.py --clips 200 --model pocketsphinx --speech data/samples

Sounds go straight to the recogniser, without the VAD that keeps most of them away in service. Beside the kinds of
training/sounds/noises.py there are silence and breath (noise of a throat's band that comes and goes). `--speech` is any
folder of FLAC or WAV files with speech, for what the gate rejects wrongly.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.sounds.noises import KINDS, noise
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.words.engines.recogniser import AsrSettings, Recogniser, load_recogniser
from undertone.words.engines.sphinx import PocketsphinxRecogniser

SECONDS = 3.0
MADE_HERE = ("silence", "breath")


def breath(seed: int) -> NDArray[np.int16]:
    """Return noise of 300-2500 Hz that swells once in 1-2 s, like somebody who breathes near a microphone."""
    random, samples = np.random.default_rng(seed), int(SECONDS * RATE_HZ)
    spectrum, hz = np.fft.rfft(random.standard_normal(samples)), np.fft.rfftfreq(samples, 1 / RATE_HZ)
    middle_hz = random.uniform(600, 1400)
    hiss = np.fft.irfft(spectrum * np.exp(-np.square(np.log(np.maximum(hz, 1) / middle_hz))), samples)
    swell = np.maximum(0, np.sin(2 * np.pi * np.arange(samples) / RATE_HZ / random.uniform(1, 2))) ** 2
    return np.rint(hiss / np.abs(hiss).max() * swell * 32768 * 10 ** (random.uniform(-40, -6) / 20)).astype(np.int16)


def sound_of(kind: str, seed: int) -> NDArray[np.int16]:
    """Return 3 s of a kind of noise, (samples,) int16."""
    if kind == "silence":
        return np.random.default_rng(seed).integers(-(seed % 4), seed % 4 + 1, int(SECONDS * RATE_HZ)).astype(np.int16)
    return breath(seed) if kind == "breath" else noise(kind, seed, SECONDS)


def recogniser_of(name: str) -> Recogniser:
    """Return the engine "pocketsphinx", or Faster-Whisper with the model `name`."""
    if name == "pocketsphinx":
        return PocketsphinxRecogniser(AsrSettings(), "as asked")
    return load_recogniser(AsrSettings(model=name))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What a recogniser and the gate make of noise, and of speech.")
    parser.add_argument("--model", default="tiny.en", help="a model, or pocketsphinx")
    parser.add_argument("--clips", type=int, default=200, help="of noise, divided among the kinds")
    parser.add_argument("--speech", type=Path, help="a folder of clips with speech")
    options = parser.parse_args()
    recogniser, kinds = recogniser_of(options.model), [*sorted(KINDS), *MADE_HERE]
    print(f"{'sound':10} {'clips':>5} {'no words':>9} {'rejected':>9} {'accepted':>9} {'ms a clip':>10}")
    for kind in kinds:
        report(recogniser, kind, [sound_of(kind, seed) for seed in range(options.clips // len(kinds))])
    if options.speech:
        paths = sorted(path for path in options.speech.rglob("*") if path.suffix in (".flac", ".wav"))
        report(recogniser, "speech", [read(path) for path in paths])


def report(recogniser: Recogniser, kind: str, sounds: list[NDArray[np.int16]]) -> None:
    """Print one row, and what was accepted of noise."""
    began_s = time.perf_counter()
    heard = [recogniser.transcribe(sound) for sound in sounds]
    spent_ms = 1000 * (time.perf_counter() - began_s) / max(1, len(sounds))
    counts = Counter(transcript.rejected or "accepted" for transcript in heard)
    columns = [counts[name] for name in ("no_words", "hallucination", "accepted")]
    print(f"{kind:10} {len(heard):5} {columns[0]:9} {columns[1]:9} {columns[2]:9} {spent_ms:10.0f}", flush=True)
    for transcript in heard:
        if (transcript.rejected is None) != (kind == "speech"):
            print(f"    {transcript.text!r} {transcript.evidence}")


if __name__ == "__main__":
    main()
