"""What each model costs alone, against what one would use instead: speech gate, voice, words, and their sentiment.

Protocol: one thread each, the promoted release, spoken clips of data/samples; the ways to do one thing take turns, so
that all of them meet the same machine, after a tenth as many turns to warm up. What counts is the median CPU time of
the process (the clock would count other work of the machine), the ratio is to ours. What is compared:

    speech gate   Silero for a 32 ms frame, against the wheel silero-vad (its ONNX and its TorchScript model)
    voice         a window of one second, against the same network in torchaudio + torch eager, and in float ONNX
                  (where `dvc repro quantize` was run)
    sentiment     a sentence of 24 tokens with its tokenizing, against DistilBERT-base in int8 (without tokenizing)
    words         an utterance of two seconds with tiny.en in int8, against `WhisperModel.transcribe` of the same
                  weights, with its defaults (five beams) and with one beam
    ours alone    the whole speech gate for a frame, a session (gate, moods) for a second of speech

    python benchmarks/models.py
    python benchmarks/models.py --rounds 50 --json models.json
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import silero_vad
import torch
from faster_whisper import WhisperModel
from networks.acoustic import trained_engines
from networks.distilbert import base_graph
from rich.console import Console
from rich.table import Table
from spoken_track import voiced

from export.onnx_file import session_of
from export.text.convert import INPUTS
from serving.threads import add_up_alone
from undertone.audio import FRAME_SAMPLES, RATE_HZ, Samples, to_float
from undertone.audio_file import read
from undertone.gate.ears import Ear
from undertone.gate.listener import MAX_UTTERANCE_MS, Listener
from undertone.release import Release, open_release
from undertone.stream.session import Session
from undertone.words.engines.hub import find_model
from undertone.words.engines.recogniser import AsrSettings, Sound, load_recogniser
from undertone.words.sentiment import load_text_model

Ways = dict[str, Callable[[], object]]
OURS = "undertone"
TEXT = "well I really did not think that it would turn out so well in the end but here we are"
TOKENS = 24
UTTERANCE_S = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--samples", type=Path, default=Path("data/samples"))
    parser.add_argument("--rounds", type=int, default=200, help="of the quick ones; the recogniser has a tenth")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    add_up_alone()
    release = open_release(arguments.release)
    speech = np.concatenate([voiced(read(path)) for path in sorted(arguments.samples.glob("*.flac"))])
    rounds = arguments.rounds
    measured = {
        "speech gate": medians_ms(speech_gates(release, speech), rounds),
        "voice": medians_ms(voices(release, speech[:RATE_HZ]), rounds),
        "sentiment": medians_ms(sentiments(arguments.release), rounds),
        "words": medians_ms(recognisers(speech[: UTTERANCE_S * RATE_HZ]), max(3, rounds // 10)),
        "ours alone": alone_ms(release, speech, max(3, rounds // 20)),
    }
    print_table(measured)
    if arguments.json:
        machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "rounds": rounds}
        arguments.json.write_text(json.dumps({**machine, "median_cpu_ms": measured}, indent=2) + "\n")


def speech_gates(release: Release, speech: Samples) -> Ways:
    """Return who says whether a frame is speech."""
    frame = to_float(speech[RATE_HZ : RATE_HZ + FRAME_SAMPLES])
    ear, tensor = Ear(release.silero), torch.from_numpy(frame.copy())
    onnx_model, script = silero_vad.load_silero_vad(onnx=True), silero_vad.load_silero_vad()

    def scripted() -> object:
        with torch.inference_mode():
            return script(tensor, RATE_HZ).item()

    return {
        OURS: lambda: ear.hear(frame),
        "silero-vad, ONNX": lambda: onnx_model(tensor, RATE_HZ).item(),
        "silero-vad, TorchScript": scripted,
    }


def voices(release: Release, second: Samples) -> Ways:
    """Return who says how a second sounds."""
    waveform = to_float(second)[None]
    ways: Ways = {OURS: lambda: release.acoustic.probabilities(second)}
    return ways | {name: lambda engine=engine: engine(waveform) for name, engine in trained_engines().items()}


def sentiments(folder: Path) -> Ways:
    """Return who says what a sentence says."""
    model, base = load_text_model(folder), session_of(base_graph())
    ids = np.random.default_rng(0).integers(200, 5000, (1, TOKENS))
    feed = dict(zip(INPUTS, (ids, np.ones_like(ids)), strict=True))
    return {OURS: lambda: model.probabilities(TEXT), "DistilBERT-base, int8": lambda: base.run(None, feed)}


def recognisers(utterance: Samples) -> Ways:
    """Return who says which words an utterance has."""
    settings = AsrSettings()
    ours = load_recogniser(settings)
    folder = find_model(settings.model, settings.hub_wait_s).folder
    whisper, waveform = WhisperModel(str(folder), "cpu", compute_type="int8", cpu_threads=1), to_float(utterance)

    def transcribed(**options: Any) -> list[str]:
        return [segment.text for segment in whisper.transcribe(waveform, **options)[0]]

    return {
        OURS: lambda: ours.transcribe_all([Sound(utterance)]),
        "WhisperModel.transcribe": transcribed,
        "WhisperModel.transcribe, one beam": lambda: transcribed(beam_size=1),
    }


def alone_ms(release: Release, speech: Samples, rounds: int) -> dict[str, float]:
    """Return what our speech gate takes for a frame and a session for a second of speech, in ms."""
    frames = speech[: len(speech) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    vad = release.manifest.vad
    listener = Listener(release.silero, vad, vad.endpoint_silence_ms, MAX_UTTERANCE_MS)

    def heard() -> None:
        for index, frame in enumerate(frames):
            listener.hear(frame, index * FRAME_SAMPLES)
        listener.end_now(len(frames) * FRAME_SAMPLES, "finish")

    ways: Ways = {"gate": heard, "session": lambda: Session(release).feed(speech.tobytes())}
    taken = medians_ms(ways, rounds)
    return {
        "speech gate, a frame": taken["gate"] / len(frames),
        "session, a second": taken["session"] / (len(speech) / RATE_HZ),
    }


def medians_ms(ways: Ways, rounds: int) -> dict[str, float]:
    """Return the median CPU milliseconds of each way; they take turns, each round begun by another."""
    names, taken = list(ways), {name: list[float]() for name in ways}
    warm_up = max(1, rounds // 10)
    for number in range(rounds + warm_up):
        turn = number % len(names)  # or each would always find the caches that the same other one left
        for name in names[turn:] + names[:turn]:
            began_s = time.process_time()
            ways[name]()
            if number >= warm_up:
                taken[name].append(1000 * (time.process_time() - began_s))
    return {name: float(np.median(values)) for name, values in taken.items()}


def print_table(measured: Mapping[str, Mapping[str, float]]) -> None:
    """Print medians and ratios."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    table = Table("part", "by", title=f"median CPU ms, one thread, load {load}, Python {sys.version.split()[0]}")
    for column in ("ms", "times ours"):
        table.add_column(column, justify="right")
    for part, ways in measured.items():
        for name, ms in ways.items():
            ratio = f"{ms / ways[OURS]:.2f}" if OURS in ways else ""
            table.add_row(part, name, f"{ms:.3f}", ratio)
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
