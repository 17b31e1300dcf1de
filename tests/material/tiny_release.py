"""A release small enough to be made by a test: the real Silero file, an acoustic and a text graph of a few nodes."""

import shutil
from pathlib import Path

import onnx
import onnx.parser

from material.tiny_text import make_text_files
from training.features.silero import PUBLISHED
from undertone import manifest as manifests
from undertone.gate.settings import VadSettings
from undertone.manifest import ACOUSTIC_FILE, SERVED_FILES, VAD_FILE, AcousticSettings, Manifest, TextSettings

VAD = VadSettings(
    threshold=0.6,
    release_threshold=0.35,
    doubt=0.1,
    evidence=7.0,
    start_ms=64,
    min_speech_ms=250,
    endpoint_silence_ms=500,
    pad_ms=300,
    edge_drop_db=25,
    edge_floor_db=6,
)
ACOUSTIC = AcousticSettings(
    sample_rate_hz=16_000,
    min_samples=400,
    level_rms=0.001,
    n_mfcc=40,
    n_fft=400,
    hop_length=160,
    n_mels=64,
    temperature=1.0,
)
TEXT = TextSettings(max_tokens=128, temperature=1.0)

# Logits [0, mean square, mean absolute]: louder speech is more "positive", silence is undecided.
_GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
loudness (float[batch, samples] waveform) => (float[batch, 3] logits)
<int64[1] axis = {{1}}>
{{
    squares = Mul(waveform, waveform)
    power = ReduceMean(squares, axis)
    size = Abs(waveform)
    level = ReduceMean(size, axis)
    zero = Sub(level, level)
    logits = Concat<axis: int = 1>({outputs})
}}
"""


def make_release(folder: Path, outputs: str = "zero, power, level", text: TextSettings = TEXT) -> Path:
    """Write a valid release into `folder` and return it; `outputs` names the acoustic logits, three for a valid one."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(onnx.parser.parse_model(_GRAPH.format(outputs=outputs)), folder / ACOUSTIC_FILE)
    shutil.copyfile(PUBLISHED, folder / VAD_FILE)
    make_text_files(folder)
    files = {name: manifests.describe(folder / name) for name in SERVED_FILES}
    manifests.save(
        Manifest(version="0.0.1", files=files, acoustic=ACOUSTIC, text=text, vad=VAD, metrics={}, data={}), folder
    )
    return folder
