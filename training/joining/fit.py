"""Stage `train_ear`: the head over the recogniser's encoder, and how it is joined with the acoustic network.

As the network, it is fitted twice: on the fit actors, for what the validation actors choose (temperature, weight and
temperature of the join), and on both, to be released. Test actors are never touched. Run it as `python -m
training.joining.fit`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from training.corpora.ravdess.clips import Clip, load_features, load_samples, of_actors
from training.corpora.ravdess.splits import main_split
from training.ear.head import Head
from training.ear.material import fitted
from training.ear.stored import save_head
from training.encoder.table import CLEAN, Encodings, load_encodings
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
from training.joining.weight import Joining, Labels, Probabilities, choose_joining
from training.metrics_files import write_metrics
from training.params import load_params
from training.precision import print_basis
from training.tracking import check_store, log_numbers
from undertone.manifest import acoustic_settings
from undertone.probabilities import softmax
from undertone.scoring.scores import classification_scores
from undertone.voice.acoustic import AcousticModel


def train(params: Mapping[str, Any]) -> dict[str, Any]:
    """Write both heads and return the content of metrics/ear.json."""
    clips, encodings, split = load_features(), load_encodings(), main_split(params["split"])
    validation = of_actors(clips, split.validation)
    actual = np.array([clip.label_index for clip in validation])
    heard = encodings.of(CLEAN, [clip.name for clip in validation])
    section = params["train_ear"]
    first = fitted(encodings, of_actors(clips, split.fit), params, section).calibrated(heard, actual)
    both = fitted(encodings, of_actors(clips, split.development), params, section)
    released = replace(both, temperature=first.temperature)
    for head, path in ((first, VALIDATION_EAR_HEAD), (released, EAR_HEAD)):
        save_head(head, path)
    cnn, ear = network_answers(validation, params), softmax(first.logits(heard))
    joining = choose_joining(cnn, ear, actual)
    return {
        "protocol": (
            f"temperatures and weight chosen on actors {', '.join(map(str, split.validation))} with network and head "
            "fitted without them; the released head is fitted on both, with the same temperature"
        ),
        **{key: read_metrics(ENCODINGS_METRICS)[key] for key in ("recogniser", "sha256")},
        "temperature": first.temperature,
        "weight": joining.weight,
        "joined_temperature": joining.temperature,
        "validation": _scores(actual, cnn, ear, joining),
        "neutral_voices": _on_neutral(encodings, released, params),
    }


def network_answers(clips: Sequence[Clip], params: Mapping[str, Any]) -> Probabilities:
    """Return what the network that never heard the validation actors says of `clips`, (n, 3), cut as in service."""
    settings = acoustic_settings(params["features"], read_metrics(VOICE_METRICS)["temperature"])
    network = AcousticModel(existing(VALIDATION_GRAPH), settings)
    return np.stack([network.of_utterance(load_samples(clip)) for clip in clips])


def _scores(actual: Labels, cnn: Probabilities, ear: Probabilities, joining: Joining) -> dict[str, Any]:
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
    check_store()
    print_basis(1)
    write_metrics(EAR_METRICS, train(params))
    log_numbers("ear", {"train_ear": params["train_ear"]}, {"ear": EAR_METRICS})


if __name__ == "__main__":
    main()
