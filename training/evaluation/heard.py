"""Stage `evaluate_heard`: what the recogniser's own errors cost the words, on our sentences spoken by a natural voice.

The int8 graph reads the 420 sentences of data/labeled as written, and as the service hears them under each condition of
training/fusion/spoken.py. Sentences that the service takes no words from are judged neutral, as words that say nothing.
Run it as `python -m training.evaluation.heard`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from training.corpora.labeled.labeled_set import Sentence, load_sentences
from training.files import HEARD_METRICS, TEXT_INT8_GRAPH, TEXT_QUANTIZE_METRICS, TOKENIZER, existing, read_metrics
from training.fusion.spoken import WHOLE, Heard, load_heard
from training.metrics_files import write_metrics
from training.params import load_params
from undertone.labels import label_index
from undertone.scoring.word_errors import word_error_rate
from undertone.words.sentiment import TextModel


def evaluate_heard(words: TextModel, sentences: Sequence[Sentence], heard: Sequence[Heard]) -> dict[str, Any]:
    """Return macro-F1 and word error rate of `sentences` as written and under each condition of `heard`."""
    actual = [label_index(sentence.label) for sentence in sentences]
    said = [sentence.text for sentence in sentences]
    texts = {"written": said}
    for condition in dict.fromkeys(row.voice for row in heard):
        of_name = {row.name: row.text for row in heard if row.voice == condition}
        texts[condition] = [of_name[sentence.id] for sentence in sentences]
    return {name: _scores(words, actual, said, own) for name, own in texts.items()}


def _scores(words: TextModel, actual: Sequence[int], said: Sequence[str], texts: Sequence[str]) -> dict[str, float]:
    found = [int(np.argmax(words.probabilities(text))) for text in texts]
    return {
        "macro_f1": float(f1_score(actual, found, average="macro")),
        "word_error_rate": word_error_rate(said, texts),
        "without_words": sum(not text for text in texts),
    }


def report(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of metrics/text_heard.json."""
    limit, temperature = params["text"]["max_tokens"], read_metrics(TEXT_QUANTIZE_METRICS)["temperature"]
    words = TextModel(existing(TEXT_INT8_GRAPH), existing(TOKENIZER), temperature, limit)
    heard = [row for row in load_heard() if row.half == WHOLE]
    sentences = load_sentences()
    return {
        "protocol": f"{len(sentences)} sentences of data/labeled spoken by hibari-tts as published, clean, with pink "
        f"noise 10 dB below, through 300-3400 Hz; heard through speech gate and {params['fusion']['asr_model']} as in "
        "service; int8; macro-F1 of 3 labels",
        **evaluate_heard(words, sentences, heard),
    }


if __name__ == "__main__":
    write_metrics(HEARD_METRICS, report(load_params()))
