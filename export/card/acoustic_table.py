"""The table of the cross-validation, Markdown, for the model card and for README: one column per network."""

from collections.abc import Callable, Mapping
from typing import Any

from undertone.labels import LABELS

Scores = Mapping[str, Any]


def crossval_table(crossval: Scores) -> str:
    """Return the table of `crossval`, the content of metrics/crossval.json; networks stand in the order it has them."""
    networks = {name: part for name, part in crossval.items() if isinstance(part, Mapping)}
    lines = ["| what | " + " | ".join(networks) + " |", "|---" * (1 + len(networks)) + "|"]
    for what, cell in ROWS.items():
        lines.append(f"| {what} | " + " | ".join(cell(part) for part in networks.values()) + " |")
    return "\n".join(lines)


def _with_interval(key: str, value: Callable[[Scores], float]) -> Callable[[Scores], str]:
    return lambda scores: f"**{value(scores):.3f}** [{scores[key]['low']:.3f}, {scores[key]['high']:.3f}]"


def _number(*keys: str) -> Callable[[Scores], str]:
    def cell(scores: Any) -> str:
        for key in keys:
            scores = scores[key]
        return "none" if scores is None else f"{scores:.3f}"

    return cell


def _noise(scores: Scores) -> str:
    noise = scores["noise"]
    parts = ", ".join(f"{kind} {by_snr['10']:.3f}" for kind, by_snr in noise.items() if isinstance(by_snr, Mapping))
    return f"{noise['mean_10dB']:.3f} ({parts})"


def _recalls(scores: Scores) -> str:
    return ", ".join(f"{label} {scores['recall'][label]:.2f}" for label in LABELS)


def _points(key: str) -> Callable[[Scores], str]:
    return lambda scores: f"{100 * scores[key]:+.1f} points"


def _gain(scores: Scores) -> str:
    change = 100 * scores["gain_change"]
    return f"{change:.1f} points at most (" + ", ".join(f"{g} dB {u:.3f}" for g, u in scores["gain"].items()) + ")"


ROWS: dict[str, Callable[[Scores], str]] = {
    "UAR, 3 labels": _with_interval("uar_interval", lambda scores: scores["uar"]),
    "accuracy": _number("accuracy"),
    "macro-F1": _number("macro_f1"),
    "recall": _recalls,
    "accuracy, 8 emotions": _number("emotion_accuracy"),
    "UAR of one 1.0 s window inside the speech": _with_interval("window_1s_interval", lambda s: s["window"]["1"]),
    "UAR at 10 dB SNR, mean of the noises": _noise,
    "change of UAR from -20 to +10 dB of gain": _gain,
    "change of UAR through 300-3400 Hz": _points("telephone_change"),
    "ECE, 15 bins, after temperature scaling": _number("ece"),
    "UAR of the worst actor": _number("uar_of_actors", "worst_actor"),
    "UAR of the best actor": _number("uar_of_actors", "best_actor"),
}
