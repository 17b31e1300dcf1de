"""Where the stages leave what others read: every path of an artifact of dvc.yaml, and what is said when one is missing.

No stage depends on this file in dvc.yaml: what a path means stands there as well, and a stage whose output lies
elsewhere fails.
"""

import json
from pathlib import Path
from typing import Any

SENTENCES = Path("data/labeled/sentences.csv")
CLIPS = Path("ravdess")
FEATURES = Path("features/ravdess.arrow")
SPECTRA = Path("features/spectra.arrow")
TEXTS = Path("features/text.arrow")
TAUGHT = Path("features/taught.arrow")
OTHER_CORPORA = Path("features/corpora.arrow")
HEARD = Path("features/heard.arrow")
SPOKEN = Path("spoken")
ENCODINGS = Path("features/encodings.arrow")
CROSSVAL_ANSWERS = Path("features/crossval.arrow")

MODEL = Path("models/acoustic/model.pt")
VALIDATION_MODEL = Path("models/acoustic/validation.pt")  # of step one: knows nothing of the validation actors
TEXT_MODEL = Path("models/text")
CHECKPOINT = Path("models/acoustic/model.tempered.pt")
VALIDATION_CHECKPOINT = Path("models/acoustic/validation.tempered.pt")
EAR_HEAD = Path("models/ear/head.npz")
VALIDATION_EAR_HEAD = Path("models/ear/validation.npz")
FLOAT_GRAPH = Path("models/onnx/acoustic.fp32.onnx")
INT8_GRAPH = Path("models/onnx/acoustic.int8.onnx")
VALIDATION_GRAPH = Path("models/onnx/validation.int8.onnx")
EAR_GRAPH = Path("models/onnx/ear.onnx")
VALIDATION_EAR_GRAPH = Path("models/onnx/validation.ear.onnx")
TEXT_FLOAT_GRAPH = Path("models/onnx/text.fp32.onnx")
TEXT_INT8_GRAPH = Path("models/onnx/text.int8.onnx")
TOKENIZER = Path("models/onnx/tokenizer.json")
SILERO_GRAPH = Path("models/onnx/silero_vad.onnx")
RELEASE = Path("models/release")
LIVE = Path("models/promoted")

DATA_METRICS = Path("metrics/ravdess.json")
CORPORA_METRICS = Path("metrics/corpora.json")
ACROSS_METRICS = Path("metrics/across.json")
FEATURES_METRICS = Path("metrics/features.json")
TRAIN_METRICS = Path("metrics/train.json")
VOICE_METRICS = Path("metrics/voice.json")
SPOKEN_METRICS = Path("metrics/spoken.json")
ENCODINGS_METRICS = Path("metrics/encodings.json")
EAR_METRICS = Path("metrics/ear.json")
HEARD_METRICS = Path("metrics/text_heard.json")
CROSSVAL_METRICS = Path("metrics/crossval.json")
EARS_METRICS = Path("metrics/crossval_ear.json")
ACOUSTIC_METRICS = Path("metrics/acoustic.json")
EXPORT_METRICS = Path("metrics/export.json")
QUANTIZE_METRICS = Path("metrics/quantize.json")
TEXT_DATA_METRICS = Path("metrics/text_data.json")
TEACHER_METRICS = Path("metrics/teacher.json")
TEXT_METRICS = Path("metrics/text.json")
TEXT_EXPORT_METRICS = Path("metrics/text_export.json")
TEXT_QUANTIZE_METRICS = Path("metrics/text_quantize.json")
FUSION_METRICS = Path("metrics/fusion.json")

PLOTS = Path("plots")
TRAIN_CURVES = Path("plots/training.csv")
ACOUSTIC_CONFUSION = Path("plots/confusion.csv")
CROSSVAL_CLIPS = Path("plots/crossval_clips.csv")
TEXT_CURVES = Path("plots/text_curves.csv")
TEXT_CONFUSION = Path("plots/text_confusion.csv")
FUSION_CURVE = Path("plots/fusion_alpha.csv")
FUSION_PAIRS = Path("plots/fusion_pairs.csv")

MAKERS = {
    FLOAT_GRAPH: "export_acoustic",
    INT8_GRAPH: "quantize",
    VALIDATION_GRAPH: "validation_graph",
    EAR_HEAD: "train_ear",
    VALIDATION_EAR_HEAD: "train_ear",
    EAR_GRAPH: "export_ear",
    VALIDATION_EAR_GRAPH: "export_ear",
    TEXT_FLOAT_GRAPH: "export_text",
    TEXT_INT8_GRAPH: "quantize_text",
    TOKENIZER: "export_text",
    SILERO_GRAPH: "export_silero",
    DATA_METRICS: "download",
    CORPORA_METRICS: "corpora",
    ACROSS_METRICS: "judge_corpora",
    TRAIN_METRICS: "train",
    VOICE_METRICS: "calibrate_voice",
    SPOKEN_METRICS: "spoken",
    ENCODINGS_METRICS: "encoder_features",
    EAR_METRICS: "train_ear",
    EARS_METRICS: "crossval_ear",
    HEARD_METRICS: "evaluate_heard",
    CROSSVAL_METRICS: "crossval",
    ACOUSTIC_METRICS: "evaluate",
    QUANTIZE_METRICS: "quantize",
    TEXT_DATA_METRICS: "text_data",
    TEXT_METRICS: "evaluate_text",
    TEXT_QUANTIZE_METRICS: "quantize_text",
    FUSION_METRICS: "tune_fusion",
}


def existing(path: Path) -> Path:
    """Return `path`, one of `MAKERS`, or a file of a release.

    Raises:
        SystemExit: it does not exist; the message names the stage that makes it.
    """
    if not path.is_file():
        made = f"it is made by `dvc repro {MAKERS[path]}`" if path in MAKERS else "a release has it, or should"
        raise SystemExit(f"{path} not found: {made}")
    return path


def read_metrics(path: Path) -> dict[str, Any]:
    """Return the content of a metrics file, or end as `existing` does."""
    content: dict[str, Any] = json.loads(existing(path).read_text(encoding="utf-8"))
    return content
