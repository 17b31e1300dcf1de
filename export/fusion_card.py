"""What a release says of its fusion: the numbers of metrics/fusion.json, and their part of the model card."""

from collections.abc import Mapping
from dataclasses import asdict
from string import Template
from typing import Any

from contract.manifest import Manifest
from contract.weighting import FusionSettings, fusion_settings

_PART = Template("""\
## Words and voice together

A final joins both vectors: alpha * words + (1 - alpha) * voice. $rule.
The sum p then becomes p**(1 + 4 alpha (1 - alpha) (1 / $temperature - 1)), normalised: two honest vectors that agree
say more than their mean. Without words the voice stands alone.
A final whose largest fused probability is under $floor keeps its label and says `abstain: true`.

### Numbers

Protocol: $protocol.

$table

The released rule is the $chosen one; it was chosen on the tuning half. Over the $better alone it has
$gain points of UAR on the test half (95 % interval $gain_low to $gain_high), with an ECE of $ece.

$abstention

Where only the words are right it is right on $only_words % of the pairs, where only the voice is, on $only_voice %.

Tuned on the two neutral sentences of RAVDESS alone, alpha would be $ravdess_alpha: there the words say nothing.

### How far to trust this

$trust
""")
_SYNTHETIC = """\
- The pairs are put together: one person acted a feeling on another sentence, another wrote the words. Real speech
  chooses its words and its tone together, so that in life both may err together more often, and fusion gain less.
- Words and voice of a pair always have the same label. How often people say one thing and sound like another, and what
  is right then, this set does not tell.
- The sentences are few, clear by design, written by the authors with a language model, and equally often negative,
  neutral and positive; their word errors are simulated.
- Four actors a half: the intervals are wide, and they do not cover speech that is not acted."""
_RECORDED = "- The numbers are of one set of recordings, which is not part of the release, and hold for speech like it."


def released_settings(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key `fusion` of the manifest: the settings that the stage chose, each checked."""
    return asdict(fusion_settings(numbers["settings"]))


def render(manifest: Manifest) -> str:
    """Return the part, Markdown, from the manifest alone."""
    numbers, settings = manifest.metrics["fusion"], fusion_settings(manifest.fusion)
    agreement = numbers["by_agreement"]
    return _PART.substitute(
        rule=_rule(settings),
        temperature=f"{settings.temperature:g}",
        floor=f"{settings.abstain_below:g}",
        protocol=numbers["protocol"],
        table=table(numbers["test"]),
        chosen=numbers["chosen"],
        better={"text": "words", "audio": "voice"}[numbers["better_alone"]],
        gain=_points(numbers["gain"]),
        gain_low=_points(numbers["gain_interval"]["low"]),
        gain_high=_points(numbers["gain_interval"]["high"]),
        ece=f"{numbers['ece']:.3f}",
        abstention=_abstention(numbers["abstention"]),
        only_words=_percent(agreement["only_words_right"]["fused_right"]),
        only_voice=_percent(agreement["only_voice_right"]["fused_right"]),
        ravdess_alpha=f"{numbers['ravdess_alone']['alpha']:g}",
        trust=_SYNTHETIC if numbers["synthetic"] else _RECORDED,
    )


def _rule(settings: FusionSettings) -> str:
    if not settings.adaptive:
        return f"Alpha is {settings.alpha:g}"
    return (
        "Alpha is adapted to each utterance\nby the entropies of both (contract/weighting.py): "
        f"{settings.adaptive_alpha:g} where they are equal, sharpness {settings.sharpness:g}"
    )


def _abstention(numbers: Mapping[str, Any]) -> str:
    held, wanted = numbers["test"], f"the smallest floor that is right on {_percent(numbers['wanted_accuracy'])} %"
    said = f"On the test half it is right on {_percent(held['accuracy_of_kept'])} % of what it does not abstain from"
    if held["accuracy_of_abstained"] is None:
        return f"{said}; it abstains from nothing ({wanted} of the tuning half)."
    others = _percent(held["accuracy_of_abstained"])
    return (
        f"{said}, which is {_percent(held['coverage'])} % of the pairs, and on {others} % of the others ({wanted} of "
        "what is kept on the tuning half)."
    )


def table(test: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the Markdown table of the scores of each way to judge the pairs, the part `test` of the numbers."""
    header = "| judged by | UAR, 3 labels | log loss (nats) | ECE, 15 bins |\n|---|---|---|---|\n"
    return header + "\n".join(_row(name, scores) for name, scores in test.items())


def _row(name: str, scores: Mapping[str, Any]) -> str:
    names = {
        "text": "words alone",
        "audio": "voice alone",
        "fixed": "both, fixed alpha",
        "adaptive": "both, adaptive alpha",
    }
    measured = [
        f"{scores[key]:.3f} [{scores[f'{key}_interval']['low']:.3f}, {scores[f'{key}_interval']['high']:.3f}]"
        for key in ("uar", "log_loss")
    ]
    return f"| {names[name]} | {' | '.join(measured)} | {scores['ece']:.3f} |"


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"
