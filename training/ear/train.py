"""Stage `train_ear`: the head over the recogniser's encoder, and how it is joined with the acoustic network.

As the network, it is fitted twice: on the fit actors, for what the validation actors choose (temperature, weight and
temperature of the join), and on both, to be released. Test actors are never touched. Run it as `python -m
training.ear.train`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from training.acoustic.fitting import labels_of
from training.corpora.ravdess.clips import Clip, load_features, load_samples
from training.corpora.ravdess.splits import main_split
from training.ear.head import EMOTIONS, Head, Material, fit_head
from training.ear.joining import Joining, Probabilities, choose_joining
from training.ear.stored import save_head
from training.encoder.disturbed import CLEAN
from training.encoder.encodings import Encodings, load_encodings
from training.files import (
    EAR_HEAD,
    EAR_METRICS,
    ENCODINGS_METRICS,
    VALIDATION_EAR_HEAD,
    VALIDATION_GRAPH,
    VOICE_METRICS,
    existing,
    read_metrics,
)
from training.metrics_files import write_metrics
from training.params import load_params
from training.precision import print_basis
from training.scoring.scores import classification_scores
from undertone.manifest import acoustic_settings
from undertone.probabilities import softmax
from undertone.voice.acoustic import AcousticModel

FITTED = "fit_"  # how the conditions begin that only heads are fitted under


def material(encodings: Encodings, clips: Sequence[Clip], voices: Sequence[str]) -> Material:
    """Return what a head is fitted on: `clips`, and our sentences in the neutral `voices`."""
    names = [clip.name for clip in clips]
    disturbed = sorted({name for name in encodings.conditions if name.startswith(FITTED)})
    return Material(
        clean=encodings.of(CLEAN, names).astype(np.float64),
        disturbed=[encodings.of(condition, names).astype(np.float64) for condition in disturbed],
        emotions=np.array([EMOTIONS.index(clip.emotion) for clip in clips]),
        actors=np.array([clip.actor for clip in clips]),
        voices=[encodings.spoken([voice]).astype(np.float64) for voice in voices],
    )


def fitted(encodings: Encodings, clips: Sequence[Clip], actors: Sequence[int], params: Mapping[str, Any]) -> Head:
    """Return a head of the clips of `actors`, not calibrated yet."""
    own, voices = [clip for clip in clips if clip.actor in actors], list(params["spoken"]["voices"]["tuning"])
    return fit_head(material(encodings, own, voices), params["labels"], params["train_ear"])


def train(params: Mapping[str, Any]) -> dict[str, Any]:
    """Write both heads and return the content of metrics/ear.json."""
    clips, encodings, split = load_features(), load_encodings(), main_split(params["split"])
    validation = [clip for clip in clips if clip.actor in split.validation]
    heard = encodings.of(CLEAN, [clip.name for clip in validation])
    first = fitted(encodings, clips, split.fit, params).calibrated(heard, labels_of(validation))
    released = replace(fitted(encodings, clips, split.development, params), temperature=first.temperature)
    for head, path in ((first, VALIDATION_EAR_HEAD), (released, EAR_HEAD)):
        save_head(head, path)
    cnn, ear = network_answers(validation, params), softmax(first.logits(heard))
    joining = choose_joining(cnn, ear, labels_of(validation))
    return {
        "protocol": (
            f"temperatures and weight chosen on actors {', '.join(map(str, split.validation))} with network and head "
            "fitted without them; the released head is fitted on both, with the same temperature"
        ),
        **{key: read_metrics(ENCODINGS_METRICS)[key] for key in ("recogniser", "sha256")},
        "temperature": first.temperature,
        "weight": joining.weight,
        "joined_temperature": joining.temperature,
        "validation": _scores(labels_of(validation), cnn, ear, joining),
        "neutral_voices": _on_neutral(encodings, released, params),
    }


def network_answers(clips: Sequence[Clip], params: Mapping[str, Any]) -> Probabilities:
    """Return what the network that never heard the validation actors says of `clips`, (n, 3), cut as in service."""
    settings = acoustic_settings(params["features"], read_metrics(VOICE_METRICS)["temperature"])
    network = AcousticModel(existing(VALIDATION_GRAPH), settings)
    return np.stack([network.of_utterance(load_samples(clip)) for clip in clips])


def _scores(actual: Any, cnn: Probabilities, ear: Probabilities, joining: Joining) -> dict[str, Any]:
    answers = {"cnn": cnn, "ear": ear, "joined": joining.probabilities(cnn, ear)}
    kept = ("accuracy", "uar", "nll", "ece")
    return {
        name: {key: scores[key] for key in kept}
        for name, probabilities in answers.items()
        for scores in [classification_scores(actual, probabilities)]
    }


def _on_neutral(encodings: Encodings, head: Head, params: Mapping[str, Any]) -> dict[str, float]:
    """Return the share of our sentences that the head calls neutral, by voice that it was not fitted on."""
    answers = {voice: head.logits(encodings.spoken([voice])) for voice in params["spoken"]["voices"]["test"]}
    return {voice: float(np.mean(logits.argmax(axis=1) == 1)) for voice, logits in answers.items()}


def main() -> None:
    """Run the stage with params.yaml."""
    params = load_params()
    print_basis(1)
    write_metrics(EAR_METRICS, train(params))


if __name__ == "__main__":
    main()
