"""The part of the model card about the recogniser's ear, from the metrics of a release that has one."""

from collections.abc import Callable, Mapping
from string import Template
from typing import Any

from undertone.manifest import Manifest

_PART = Template("""\
## The recogniser's ear

A second opinion on the voice: `ear.onnx`, a logistic regression over the mean of what the encoder of $recogniser makes
of an utterance for its words (sha256 of the weights `$sha256`; beside
another recogniser it is silent). Joined with the network by the mean of their log-probabilities,
$weight of it the ear's, at a temperature of $temperature.

Fitted on the clips of RAVDESS, clean, in noise and rooms, through a telephone and cut short; on differences between
sentences of neutral synthetic voices, so that other words than the two of RAVDESS change little; and on these voices as
neutral speech. It taught the network as well: a share of what that is to give to a clip is what an ear that never heard
the actor hears in it. Further from what it was fitted on than most of that, its logits are divided by how much further.

Protocol: $protocol.

$table

""")


def render(manifest: Manifest) -> str:
    """Return the part, Markdown, "" of a release without an ear."""
    if manifest.ear is None:
        return ""
    crossval = manifest.metrics["ear"]["crossval"]
    return _PART.substitute(
        recogniser=manifest.ear.recogniser,
        sha256=manifest.ear.recogniser_sha256,
        weight=f"{manifest.ear.weight:g}",
        temperature=f"{manifest.ear.temperature:.3f}",
        protocol=crossval["protocol"],
        table=table(crossval),
    )


def table(crossval: Mapping[str, Any]) -> str:
    """Return the table of metrics/crossval_ear.json, Markdown: network, ear and both, a column each."""
    columns = {name: crossval[name] for name in ("cnn", "ear", "joined")}
    lines = ["| what | network | ear | joined |", "|---|---|---|---|"]
    lines += [f"| {what} | " + " | ".join(map(cell, columns.values())) + " |" for what, cell in _ROWS.items()]
    return "\n".join(lines)


def _with_interval(scores: Any) -> str:
    low, high = scores["uar_interval"]["low"], scores["uar_interval"]["high"]
    return f"**{scores['uar']:.3f}** [{low:.3f}, {high:.3f}]"


def _noise(scores: Any) -> str:
    kinds = ", ".join(f"{kind} {value:.3f}" for kind, value in scores["noise"].items())
    return f"{scores['noise_mean_10dB']:.3f} ({kinds})"


_ROWS: dict[str, Callable[[Any], str]] = {
    "UAR, 3 labels": _with_interval,
    "accuracy, 8 emotions": lambda scores: f"{scores['emotion_accuracy']:.3f}",
    "UAR of one 1.0 s window inside the speech": lambda scores: f"{scores['window_1s']:.3f}",
    "UAR at 10 dB SNR, mean of the noises": _noise,
    "UAR through 300-3400 Hz": lambda scores: f"{scores['telephone']:.3f}",
    "ECE, 15 bins, after temperature scaling": lambda scores: f"{scores['ece']:.3f}",
    "UAR of the worst actor": lambda scores: f"{scores['uar_of_actors']['worst_actor']:.3f}",
    "UAR of the best actor": lambda scores: f"{scores['uar_of_actors']['best_actor']:.3f}",
}
