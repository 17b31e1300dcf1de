"""A release small enough to be made by a test: the real Silero file and an acoustic graph of a few nodes."""

import shutil
from pathlib import Path

import faster_whisper
import onnx
import onnx.parser

from contract import manifest as contract_manifest
from contract.manifest import AcousticSettings, Manifest
from contract.vad import VadSettings

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
    sample_rate_hz=16_000, min_samples=400, n_mfcc=40, n_fft=400, hop_length=160, n_mels=64, temperature=1.0
)

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


def make_release(folder: Path, outputs: str = "zero, power, level") -> Path:
    """Write a valid release into `folder` and return it; `outputs` names the logits, three for a valid one."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(onnx.parser.parse_model(_GRAPH.format(outputs=outputs)), folder / "acoustic.int8.onnx")
    silero = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
    shutil.copyfile(silero, folder / "silero_vad.onnx")
    files = {name: contract_manifest.describe(folder / name) for name in ("acoustic.int8.onnx", "silero_vad.onnx")}
    contract_manifest.save(
        Manifest(version="0.0.1", files=files, acoustic=ACOUSTIC, vad=VAD, metrics={}, data={}), folder
    )
    return folder
