"""Times the text classifier in int8 against DistilBERT-base in int8 with random weights, and weighs the settings.

Prints two tables. First: one text of 24 tokens, one thread, in alternation, for each way to quantize; the ratio is to
DistilBERT-base (6 layers of 768) in optimum's plain VNNI configuration. Second, with `--accuracy`: what each way costs
on the dev rows. Last: the peak memory of a process that does nothing but answer texts as the service does. Run it as
`python benchmarks/networks/text_onnx.py` after `dvc repro quantize_text`.
"""

import argparse
import platform
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime
from distilbert import base_graph
from tokenizers import Tokenizer

from export.onnx_file import session_of
from export.text.convert import INPUTS, graph_logits
from export.text.quantize import quantize_graph
from training.corpora.texts.table import load_rows
from training.evaluation.text_scores import plain_scores
from training.files import TEXT_FLOAT_GRAPH, TEXT_INT8_GRAPH, TEXT_QUANTIZE_METRICS, TOKENIZER, read_metrics

TOKENS = 24
WAYS = [(per_channel, reduce_range) for per_channel in (False, True) for reduce_range in (False, True)]
_MEMORY = """
import sys
from pathlib import Path
from undertone.words.sentiment import TextModel
def peak():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")) / 1024
before = peak()
model = TextModel(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
for words in (1, 24, 128, 10_000):
    for _ in range(50):
        model.probabilities("what a great day " * words)
print(f"{before:.0f} {peak():.0f}")
"""


def median_ms(sessions: dict[str, onnxruntime.InferenceSession], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the least and the median time of one text for each session, taken in alternation."""
    ids = np.random.default_rng(0).integers(200, 5000, (1, TOKENS))
    feed = dict(zip(INPUTS, (ids, np.ones_like(ids)), strict=True))
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(rounds):
        for name, session in sessions.items():
            began_s = time.perf_counter()
            session.run(None, feed)
            times[name].append(1000 * (time.perf_counter() - began_s))
    return {name: (min(taken), float(np.median(taken))) for name, taken in times.items()}


def print_speed(rounds: int) -> None:
    """Print the first table."""
    graphs = {"DistilBERT-base int8": base_graph(), "float": onnx.load(TEXT_FLOAT_GRAPH)}
    graphs |= {f"int8 per_channel={c} reduce_range={r}": quantize_graph(TEXT_FLOAT_GRAPH, c, r) for c, r in WAYS}
    graphs["released int8"] = onnx.load(TEXT_INT8_GRAPH)
    taken = median_ms({name: session_of(graph) for name, graph in graphs.items()}, rounds)
    base = taken["DistilBERT-base int8"]
    print(f"{TOKENS} tokens, one thread, {rounds} rounds in alternation, {platform.machine()}, ONNX Runtime "
          f"{onnxruntime.__version__}")  # fmt: skip
    print(f"{'':44}{'least ms':>10}{'ratio':>8}{'median ms':>11}{'ratio':>8}{'MB':>8}")
    for name, (least, median) in taken.items():
        size = graphs[name].ByteSize() / 1e6
        print(f"{name:44}{least:10.2f}{least / base[0]:8.3f}{median:11.2f}{median / base[1]:8.3f}{size:8.2f}")


def print_accuracy() -> None:
    """Print the second table: dev rows, one by one, as in service."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    dev = load_rows(split="dev")
    texts = [row.text for row in dev]
    graphs = {"float": onnx.load(TEXT_FLOAT_GRAPH)}
    graphs |= {f"int8 per_channel={c} reduce_range={r}": quantize_graph(TEXT_FLOAT_GRAPH, c, r) for c, r in WAYS}
    reference = None
    for name, graph in graphs.items():
        logits = graph_logits(session_of(graph), tokenizer, texts, 128, batch_size=1)
        reference = logits if reference is None else reference
        agreement = (logits.argmax(axis=1) == reference.argmax(axis=1)).mean()
        scores = "  ".join(f"{key} {value:.4f}" for key, value in plain_scores(logits, dev).items())
        print(f"{name:44} agreement {agreement:.4f}  {scores}", flush=True)


def print_memory() -> None:
    """Print the peak memory of a process with the text path alone, before and after the model is opened and used."""
    temperature = read_metrics(TEXT_QUANTIZE_METRICS)["temperature"]
    command = [sys.executable, "-c", _MEMORY, str(TEXT_INT8_GRAPH), str(TOKENIZER), str(temperature)]
    before, after = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    print(f"peak memory of the text path: {after} MiB, of which {before} MiB are Python, numpy and the two libraries")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--accuracy", action="store_true", help="also score every way on the dev rows (minutes)")
    arguments = parser.parse_args()
    print_speed(arguments.rounds)
    if arguments.accuracy:
        print_accuracy()
    print_memory()


if __name__ == "__main__":
    main()
