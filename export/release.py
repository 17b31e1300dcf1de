"""Stage `release`: gathers what is served into models/release/ with its manifest and model card.

It measures nothing: every number comes from metrics/. The same inputs give the same bytes: no date, revision or run.
Run it as `python -m export.release`; `make promote` is what makes a release live.
"""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from export.card import fusion as fusion_card
from export.card import model_card as card
from export.card.acoustic_errors import errors_of
from training.files import (
    ACOUSTIC_METRICS,
    ACROSS_METRICS,
    CROSSVAL_CLIPS,
    CROSSVAL_METRICS,
    DATA_METRICS,
    EAR_GRAPH,
    EAR_METRICS,
    EARS_METRICS,
    FUSION_METRICS,
    HEARD_METRICS,
    INT8_GRAPH,
    QUANTIZE_METRICS,
    RELEASE,
    SILERO_GRAPH,
    TEXT_DATA_METRICS,
    TEXT_INT8_GRAPH,
    TEXT_METRICS,
    TEXT_QUANTIZE_METRICS,
    TOKENIZER,
    TRAIN_METRICS,
    VOICE_METRICS,
    existing,
    read_metrics,
)
from training.joining.settings import ear_settings
from training.params import load_params
from undertone import manifest as manifests
from undertone.gate.settings import vad_settings
from undertone.manifest import (
    ACOUSTIC_FILE,
    CARD_FILE,
    EAR_FILE,
    TEXT_FILE,
    TOKENIZER_FILE,
    VAD_FILE,
    Manifest,
    TextSettings,
    acoustic_settings,
)

# Name in the release -> the file that it is a copy of.
ARTIFACTS = {
    ACOUSTIC_FILE: INT8_GRAPH,
    EAR_FILE: EAR_GRAPH,
    TEXT_FILE: TEXT_INT8_GRAPH,
    TOKENIZER_FILE: TOKENIZER,
    VAD_FILE: SILERO_GRAPH,
}


def build_release(params: Mapping[str, Any], folder: Path = RELEASE) -> Manifest:
    """Write the release into `folder`, which is replaced as a whole, and return its manifest.

    Raises:
        SystemExit: an artifact or a metrics file is missing; the message names it and what makes it.
    """
    for source in ARTIFACTS.values():
        existing(source)
    data = {
        "ravdess_md5": read_metrics(DATA_METRICS)["data_md5"],
        "text_md5": read_metrics(TEXT_DATA_METRICS)["data_md5"],
    }
    fusion = read_metrics(FUSION_METRICS)
    manifest = Manifest(
        version=params["release"]["version"],
        files={},
        acoustic=acoustic_settings(params["features"], read_metrics(VOICE_METRICS)["temperature"]),
        text=TextSettings(params["text"]["max_tokens"], read_metrics(TEXT_QUANTIZE_METRICS)["temperature"]),
        vad=vad_settings(params["vad"]),
        metrics={
            "acoustic": acoustic_metrics(params["model"]["arch"]),
            "ear": {**read_metrics(EAR_METRICS), "crossval": read_metrics(EARS_METRICS)},
            "text": text_metrics(params["text"]["base"], params["text"]["taught"]),
            "fusion": {key: value for key, value in fusion.items() if key != "settings"},
            **across_metrics(),
        },
        data=data,
        fusion=fusion_card.released_settings(fusion),
        ear=ear_settings(params),
    )
    text = card.render(manifest, params["labels"], params["text_data"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".release-") as scratch:
        fresh = Path(scratch) / folder.name
        fresh.mkdir()
        manifest = _fill(fresh, manifest, text)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    return manifest


def acoustic_metrics(arch: str) -> dict[str, Any]:
    """Return the numbers of the acoustic model with their protocol, joined from the stages that measured them."""
    scores, int8, crossval = (read_metrics(path) for path in (ACOUSTIC_METRICS, QUANTIZE_METRICS, CROSSVAL_METRICS))
    kept = ("protocol", "uar", "uar_interval", "accuracy", "macro_f1", "recall", "nll", "ece")
    return {
        **{key: scores[key] for key in kept},
        "training_protocol": read_metrics(TRAIN_METRICS)["protocol"],
        "int8_agreement": int8["agreement"],
        "int8_uar": int8["int8"]["uar"],
        "lost_to_int8": int8["fp32"]["uar"] - int8["int8"]["uar"],
        "served": int8["served"],
        "served_uar_change": int8["served"]["uar"] - int8["int8"]["uar"],
        "calibration": read_metrics(VOICE_METRICS),
        "bytes": int8["bytes"]["int8"],
        "arch": arch,
        "crossval": crossval,
        "errors": errors_of(CROSSVAL_CLIPS),
    }


def across_metrics() -> dict[str, Any]:
    """Return what the stage `judge_corpora` found, as `across`; nothing where RAVDESS is all there is."""
    found = read_metrics(ACROSS_METRICS)
    return {"across": found} if found["corpora"] or len(found["trained_on"]) > 1 else {}


def text_metrics(base: str, taught: Mapping[str, float] | None) -> dict[str, Any]:
    """Return the numbers of the text model with their protocol: the scores of the int8 file, losses, intervals.

    Macro-F1 and accuracy are those of the file that is served; conditions and intervals were measured in float.
    """
    scores, int8 = read_metrics(TEXT_METRICS), read_metrics(TEXT_QUANTIZE_METRICS)
    word_errors = scores["lost_to_word_errors_15"]
    return {
        "protocol": {**scores["protocol"], "int8": int8["protocol"]},
        "base": Path(base).name,  # a folder of one machine says nothing elsewhere
        "taught_share": taught["share"] if taught else 0.0,
        **int8["int8"],
        "intervals": {
            "goemotions_macro_f1": scores["goemotions"]["macro_f1_interval"],
            "meld_macro_f1": scores["meld"]["macro_f1_interval"],
            "sst_macro_f1": scores["sst"]["macro_f1_interval"],
            "sst_binary_accuracy": scores["sst"]["binary_accuracy_interval"],
        },
        "heard": read_metrics(HEARD_METRICS),
        "fp32": scores["undamaged"],
        "conditions": scores["conditions"],
        "lost_to_int8": int8["lost_to_int8"],
        "most_lost_to_int8": max(int8["lost_to_int8"].values()),
        "lost_to_word_errors": word_errors,
        "most_lost_to_word_errors": max(word_errors.values()),
        "int8_agreement": int8["agreement"],
        "bytes": int8["bytes"]["int8"],
    }


def _fill(folder: Path, manifest: Manifest, text: str) -> Manifest:
    for name, source in ARTIFACTS.items():
        shutil.copyfile(source, folder / name)
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
    files = {name: manifests.describe(folder / name) for name in [*ARTIFACTS, CARD_FILE]}
    complete = dataclasses.replace(manifest, files=files)
    manifests.save(complete, folder)
    return manifests.load(folder)


if __name__ == "__main__":
    build_release(load_params())
