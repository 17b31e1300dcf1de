"""Stage `calibrate_voice`: how sure the voice may be: its temperature, and how much flatter it is on strange speech.

Chosen with the network of step one on speech that it never heard. The temperature: on clips of the validation actors,
with their labels. The steepness: on our sentences in the neutral voices of the tuning half, as the smallest at which
hardly any of them is given a sure answer that is not neutral. How strange 95 % of the windows of the validation actors
are at most flattens nothing. What is heard is cut as in service. The released network gets the same numbers, and a
direction of strangeness fitted on its own embeddings. The baseline has no embedding that tells: it keeps its
temperature, and nothing flattens it. Run it as `python -m training.acoustic.calibrate`.
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from tqdm import tqdm

from training.acoustic.model import load_checkpoint, save_tempered
from training.acoustic.network import Embedding
from training.acoustic.recipes import set_deterministic
from training.acoustic.strangeness import Embeddings, described, fit_strangeness
from training.corpora.ravdess.clips import Clip, load_features, load_waveform
from training.corpora.ravdess.splits import main_split
from training.features.mfcc import mfcc_transform
from training.files import (
    CHECKPOINT,
    MODEL,
    SPOKEN,
    TRAIN_METRICS,
    VALIDATION_CHECKPOINT,
    VALIDATION_MODEL,
    VOICE_METRICS,
)
from training.metrics_files import write_metrics
from training.params import load_params
from undertone.labels import label_index
from undertone.probabilities import softmax
from undertone.scoring.calibration import HIGHEST, LOWEST
from undertone.scoring.scores import Labels, classification_scores, negative_log_likelihood
from undertone.voice.windows import cut

# The checkpoints of `train`, step one first, and what this stage makes of each.
TEMPERED = {
    VALIDATION_MODEL: VALIDATION_CHECKPOINT,
    MODEL: CHECKPOINT,
}
STEP = 0.25  # of the steepness
SURE = 0.7
Waveform = NDArray[np.float32]
Line = tuple[NDArray[np.float64], float]  # weight (d,) and bias of the strangeness


@dataclass(frozen=True)
class Windows:
    """What a network makes of the windows of n utterances: embeddings (windows, d), logits (windows, 3).

    `of` (windows,) says which utterance each belongs to.
    """

    embeddings: Embeddings
    logits: NDArray[np.float64]
    of: NDArray[np.int64]

    def probabilities(self, temperature: float, flattening: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over the windows of each utterance, (n, 3); `flattening` (windows,) divides the logits."""
        each = softmax(self.logits / flattening[:, None], temperature)
        sums = np.zeros((int(self.of[-1]) + 1, each.shape[1]))
        np.add.at(sums, self.of, each)
        return sums / np.bincount(self.of)[:, None]


@torch.no_grad()
def heard(network: Embedding, waveforms: Iterable[Waveform], features: Mapping[str, Any]) -> Windows:
    """Return what `network` makes of `waveforms`, each (samples,), cut as in service."""
    transform = mfcc_transform(features)
    parts = [
        network.embedding(transform(torch.from_numpy(cut(waveform))))
        for waveform in tqdm(waveforms, "voices", mininterval=5.0)
    ]
    embedded = torch.cat(parts)
    of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    logits = network.fold(network.head(embedded))
    return Windows(embedded.double().numpy(), logits.double().numpy(), of)


def neutral_speech(params: Mapping[str, Any], folder: Path = SPOKEN) -> list[Waveform]:
    """Return our sentences in the voices of the tuning half.

    Raises:
        SystemExit: there are none; the message names the stage that makes them.
    """
    paths = [path for voice in params["spoken"]["voices"]["tuning"] for path in sorted((folder / voice).glob("*.flac"))]
    if not paths:
        raise SystemExit(f"{folder} has no sentences of the tuning half: they are made by `dvc repro spoken`")
    return [soundfile.read(path, dtype="float32")[0] for path in paths]


def waveforms_of(clips: Sequence[Clip], actors: Sequence[int]) -> list[Waveform]:
    """Return the trimmed clips of `actors`."""
    return [load_waveform(clip) for clip in clips if clip.actor in actors]


def choose(
    acted: Windows, actual: Labels, neutral: Windows, line: Line, section: Mapping[str, Any]
) -> dict[str, float]:
    """Return familiar, temperature and steepness; `line` is weight and bias of the strangeness."""
    familiar = round(float(np.quantile(strange(acted, line), section["familiar_share"])), 4)
    for steepness in np.arange(0.0, section["steepest"] + STEP, STEP):
        temperature = best_utterance_temperature(acted, actual, flattening(acted, line, familiar, steepness))
        answers = neutral.probabilities(temperature, flattening(neutral, line, familiar, steepness))
        if sure_non_neutral(answers) <= section["most_sure"]:
            break
    return {"familiar": familiar, "temperature": temperature, "steepness": round(float(steepness), 4)}


def best_utterance_temperature(windows: Windows, actual: Labels, flat: NDArray[np.float64]) -> float:
    """Return the temperature of least log loss of the utterances' mean probabilities."""
    found = minimize_scalar(
        lambda log_temperature: negative_log_likelihood(
            actual, windows.probabilities(float(np.exp(log_temperature)), flat)
        ),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
    )
    return round(float(np.exp(found.x)), 4)


def flattening(windows: Windows, line: Line, familiar: float, steepness: float) -> NDArray[np.float64]:
    """Return what divides the logits of each window: 1 up to `familiar`, then growing by `steepness`."""
    return np.asarray(1.0 + steepness * np.maximum(0.0, strange(windows, line) - familiar))


def sure_non_neutral(probabilities: NDArray[np.float64]) -> float:
    """Return the share of answers (n, 3) that are sure and not neutral."""
    sure = (probabilities.max(axis=1) > SURE) & (probabilities.argmax(axis=1) != label_index("neutral"))
    return float(sure.mean())


def strange(windows: Windows, line: Line) -> NDArray[np.float64]:
    """Return the strangeness of each window, in (0, 1)."""
    weight, bias = line
    return np.asarray(1.0 / (1.0 + np.exp(-(windows.embeddings @ weight + bias))))


def calibrate(params: Mapping[str, Any], networks: Mapping[Path, Embedding]) -> None:
    """Write both networks with their strangeness, and metrics/voice.json; `networks` by checkpoint, step one first."""
    set_deterministic(params["calibrate_voice"]["seed"], params["train"]["threads"])
    split, clips, neutral = main_split(params["split"]), load_features(), neutral_speech(params)
    strength, features = params["calibrate_voice"]["strength"], params["features"]
    lines, answers = {}, {}
    for file, actors in zip(networks, (split.fit, split.development), strict=True):
        known = heard(networks[file], waveforms_of(clips, actors), features)
        answers[file] = heard(networks[file], neutral, features)
        lines[file] = fit_strangeness(known.embeddings, answers[file].embeddings, strength)
    acted = heard(networks[VALIDATION_MODEL], waveforms_of(clips, split.validation), features)
    actual = np.array([clip.label_index for clip in clips if clip.actor in split.validation])
    evidence = acted, actual, answers[VALIDATION_MODEL], lines[VALIDATION_MODEL]
    chosen = choose(*evidence, params["calibrate_voice"])
    for file, output in TEMPERED.items():
        save_tempered(file, described(*lines[file], chosen["familiar"], chosen["steepness"]), output)
    write_metrics(VOICE_METRICS, summary(chosen, *evidence))


def keep_as_trained() -> None:
    """Write the networks of `train` as they are, with their temperature."""
    for file, output in TEMPERED.items():
        shutil.copyfile(file, output)
    temperature = json.loads(TRAIN_METRICS.read_text(encoding="utf-8"))["temperature"]
    write_metrics(VOICE_METRICS, {"temperature": temperature, "steepness": 0.0})


def main() -> None:
    """Run the stage with params.yaml."""
    networks = {file: load_checkpoint(file) for file in TEMPERED}
    known = {file: network for file, network in networks.items() if isinstance(network, Embedding)}
    if known:
        calibrate(load_params(), known)
    else:
        keep_as_trained()


def summary(
    chosen: Mapping[str, float], acted: Windows, actual: Labels, neutral: Windows, line: Line
) -> dict[str, Any]:
    """Return what metrics/voice.json shows, before and after the flattening, on the speech that it was chosen on."""
    assert __doc__ is not None
    report: dict[str, Any] = {
        **chosen,
        "protocol": " ".join(__doc__.split("\n\n")[1].split()).split(" The baseline")[0],
    }
    neutrals = np.full(int(neutral.of[-1]) + 1, label_index("neutral"))
    for name, steepness in (("before", 0.0), ("after", chosen["steepness"])):
        report[name] = {}
        for kind, windows, labels in (("validation_actors", acted, actual), ("neutral_voices", neutral, neutrals)):
            flat = flattening(windows, line, chosen["familiar"], steepness)
            probabilities = windows.probabilities(chosen["temperature"], flat)
            scores = classification_scores(labels, probabilities)
            kept = {key: scores[key] for key in ("accuracy", "uar", "nll", "ece")}
            report[name][kind] = {**kept, "sure_non_neutral": sure_non_neutral(probabilities)}
    report["strangeness"] = {
        "validation_actors": float(strange(acted, line).mean()),
        "neutral_voices": float(strange(neutral, line).mean()),
    }
    return report


if __name__ == "__main__":
    main()
