"""Stage `evaluate_text`: temperature on the dev rows, then the scores on the test rows, into `metrics/text.json`.

Test rows are only measured: nothing is chosen on them. Each ASR-like condition is scored by itself. Run it as
`python -m training.evaluation.text`.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from tqdm import tqdm

from training.corpora.texts.table import Row, load_rows
from training.evaluation.text_scores import binary_accuracy, plain_scores, sure
from training.files import TEXT_CONFUSION, TEXT_CURVES, TEXT_METRICS
from training.metrics_files import write_metrics, write_rows
from training.params import load_params
from training.text.batches import torch_logits
from training.text.model import load_text_model
from training.text.noise import conditions, confusions_of
from training.tracking import check_store, log_training
from undertone.labels import LABELS, label_index
from undertone.probabilities import softmax
from undertone.scoring.calibration import best_temperature
from undertone.scoring.intervals import accuracy_interval, macro_f1_interval
from undertone.scoring.scores import classification_scores, expected_calibration_error

GATED = "word_errors_15"
CALIBRATED_ON = "meld"  # dialogue is what the service meets
DRAWS = 3  # of word errors: one draw moves the losses by about 0.3 points
PROTOCOL = {
    "goemotions": "GoEmotions test, rows whose emotions name one of three labels; no row chosen or fitted on; macro-F1",
    "sst": "SST-5 test sentences, levels 0-1, 2, 3-4 grouped; no row chosen or fitted on; macro-F1",
    "sst_binary": "SST test sentences without neutral: P(positive) against P(negative); accuracy",
    "meld": "MELD dev utterances, none fitted on; macro-F1; sure: the share whose largest probability is 0.9 or more, "
    "and how many of those are right",
    "temperature": "least NLL on training dialogues of MELD that were kept out of the fit; ECE over 15 bins",
    "intervals": "95 % percentile bootstrap over test rows",
    "conditions": f"the same test rows as speech recognition writes them; the mean of {DRAWS} draws of {GATED}",
    "lost": "score of the rows as spoken (a name for [NAME]) less that of the same with 15 % word errors, marks kept",
}


def damaged(rows: Sequence[Row], condition: str, train_rows: Sequence[Row], seed: int) -> list[str]:
    """Return the texts of `rows` under one condition of training/text/noise.py; confusions come from training texts."""
    change = conditions(confusions_of(row.text for row in train_rows if row.source != "sst_phrases"))[condition]
    rng = random.Random(seed)
    return [change(row.text, rng) for row in rows]


def evaluate(
    model: nn.Module, tokenizer: Tokenizer, rows: Sequence[Row], section: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the content of metrics/text.json and (actual, predicted) labels of all test rows."""
    train_rows = [row for row in rows if row.split == "train"]
    dev, test = ([row for row in rows if row.split == split] for split in ("dev", "test"))
    dev_actual = np.array([label_index(row.label) for row in dev])
    dev_logits = torch_logits(model, tokenizer, [row.text for row in dev])
    met = np.array([row.source == CALIBRATED_ON for row in dev])
    met = met if met.any() else np.ones(len(dev), dtype=bool)
    temperature = best_temperature(dev_logits[met].astype(np.float32), dev_actual[met])
    report: dict[str, Any] = {"protocol": PROTOCOL, "temperature": temperature, "dev": {}}
    for source in sorted({row.source for row in dev}):
        own = np.array([row.source == source for row in dev])
        report["dev"][source] = classification_scores(dev_actual[own], softmax(dev_logits[own], temperature))[
            "macro_f1"
        ]
    logits = torch_logits(model, tokenizer, [row.text for row in test])
    report |= _test_scores(logits, test, temperature, section)
    report["conditions"] = {
        name: _mean_scores(model, tokenizer, test, train_rows, name, section["seed"])
        for name in tqdm(conditions(confusions_of([])), desc="conditions")
    }
    report[f"lost_to_{GATED}"] = {
        key: report["conditions"]["spoken"][key] - value for key, value in report["conditions"][GATED].items()
    }
    predicted = [LABELS[i] for i in logits.argmax(axis=1)]
    return report, [(row.label, found) for row, found in zip(test, predicted, strict=True)]


def _mean_scores(
    model: nn.Module, tokenizer: Tokenizer, rows: Sequence[Row], train_rows: Sequence[Row], condition: str, seed: int
) -> dict[str, float]:
    draws = [
        plain_scores(torch_logits(model, tokenizer, damaged(rows, condition, train_rows, seed + draw)), rows)
        for draw in range(DRAWS if condition == GATED else 1)
    ]
    return {key: float(np.mean([scores[key] for scores in draws])) for key in draws[0]}


def _test_scores(
    logits: NDArray[np.float64], rows: Sequence[Row], temperature: float, section: Mapping[str, Any]
) -> dict[str, Any]:
    actual = np.array([label_index(row.label) for row in rows])
    draws = section["bootstrap_samples"], section["seed"]
    report: dict[str, Any] = {"undamaged": plain_scores(logits, rows)}
    for source in sorted({row.source for row in rows}):
        own = np.array([row.source == source for row in rows])
        scores = classification_scores(actual[own], softmax(logits[own], temperature))
        scores["macro_f1_interval"] = macro_f1_interval(actual[own], logits[own].argmax(axis=1), *draws)
        if source == "sst":
            poles = int((actual[own] != label_index("neutral")).sum())
            accuracy = binary_accuracy(logits[own], actual[own])
            scores |= {
                "binary_accuracy": accuracy,
                "binary_accuracy_interval": accuracy_interval(accuracy, poles, *draws),
                "binary_rows": poles,
            }
        probabilities = softmax(logits[own], temperature)
        report[source] = {"rows": int(own.sum()), **scores, "sure": sure(actual[own], probabilities)}
    report["ece"] = expected_calibration_error(actual, softmax(logits, temperature))
    return report


def main() -> None:
    """Run the stage with params.yaml and log the training to MLflow."""
    params = load_params()
    check_store()
    report, confusion = evaluate(*load_text_model(), load_rows(), params["evaluate"])
    write_metrics(TEXT_METRICS, report)
    write_rows(TEXT_CONFUSION, ({"actual": actual, "predicted": predicted} for actual, predicted in confusion))
    log_training({"text": params["text"]}, {"text": TEXT_METRICS}, TEXT_CURVES, TEXT_CONFUSION, experiment="text")


if __name__ == "__main__":
    main()
