"""What a release says of its fusion: the numbers of metrics/fusion.json, and their part of the model card."""

from collections.abc import Mapping
from dataclasses import asdict
from string import Template
from typing import Any

from undertone.manifest import Manifest
from undertone.weighting import FusionSettings, fusion_settings

_PART = Template("""\
## Words and voice together

A final joins both vectors: alpha * words + (1 - alpha) * voice. $rule.
The sum p then becomes p**(1 + 4 alpha (1 - alpha) (1 - s) (1 / $temperature - 1)), normalised; s is the smaller lean,
P(positive) - P(negative), of two that lean to the same pole, else 0: where one feels something and the other does not,
their sum says too little; where both feel the same, it is as sure as they are. $drawn Without words the voice stands
alone.
A final whose largest fused probability is under $floor keeps its label and says `abstain: true`, and so does one whose
words and voice lean to opposite poles (`agreement: false`): either may be meant.

### Numbers

Protocol: $protocol.

$table

$others

ECE over all kinds, each counting alike: $ece. $abstention
$contradiction

$alone### How far to trust this

$trust
""")
_CONTRADICTION = """
Where words and voice contradict each other either may be meant, and each pair counts once with each label: a verdict is
right half of the time, whichever it picks, and should say so. The ECE is $ece, $disagreement % say `agreement: false`,
$abstained % abstain.
"""
_ALONE = """\
Tuned on the two neutral sentences of RAVDESS alone, alpha would be $alpha: there the words say nothing.

"""
_SYNTHETIC = """\
- The pairs are put together, but for the clips with their own words: a voice that speaks without feeling, or one person
  who acted a feeling on another sentence. Real speech chooses its words and its tone together.
- The four kinds count alike. How often each occurs among people who talk, this set does not tell.
- The sentences are few, clear by design, written by the authors with a language model, and equally often negative,
  neutral and positive.
- Four actors a half: the intervals are wide, and they do not cover speech that is not acted.
- Release 0.4.0 was tuned on pairs that always agree. It took neutral words for a neutral speaker, and its verdict on
  clips of RAVDESS was 18 points of UAR worse than its voice alone."""
_RECORDED = "- The numbers are of one set of recordings, which is not part of the release, and hold for speech like it."
KIND_NAMES = {
    "words_say_nothing": "words say nothing, the voice feels",
    "voice_says_nothing": "words feel, the voice does not",
    "both_say_it": "both feel the same",
    "they_contradict": "they contradict each other",
    "recordings": "recordings",
}
RULE_NAMES = {
    "fixed": "the best fixed alpha",
    "adaptive": "the best adaptive alpha",
    "seed": "0.7 words, 0.3 voice",
    "release_0_4_0": "the rule of release 0.4.0",
}
_JUDGES = {"text": "words", "audio": "voice"}


def released_settings(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key `fusion` of the manifest: the settings that the stage chose, each checked."""
    return asdict(fusion_settings(numbers["settings"]))


def render(manifest: Manifest) -> str:
    """Return the part, Markdown, from the manifest alone."""
    numbers, settings = manifest.metrics["fusion"], fusion_settings(manifest.fusion)
    alone = numbers.get("ravdess_alone")
    return _PART.substitute(
        rule=_rule(settings),
        drawn=_drawn(settings),
        temperature=f"{settings.temperature:g}",
        floor=f"{settings.abstain_below:g}",
        protocol=numbers["protocol"],
        table=table(numbers["kinds"]),
        others=others(numbers["kinds"]),
        ece=f"{numbers['ece']:.3f}",
        abstention=abstention(numbers["abstention"]),
        contradiction=_contradiction(numbers["kinds"].get("they_contradict")),
        alone=Template(_ALONE).substitute(alpha=f"{alone['alpha']:g}") if alone else "",
        trust=_SYNTHETIC if numbers["synthetic"] else _RECORDED,
    )


def _rule(settings: FusionSettings) -> str:
    if not settings.adaptive:
        return f"Alpha is {settings.alpha:g}"
    return (
        "Alpha follows what both say: their entropies, and how much of the words' vector is "
        f"neutral;\n{settings.adaptive_alpha:g} where both are equally sure and the words are not neutral at all, "
        f"sharpness {settings.sharpness:g}, polarity {settings.polarity:g} of the words, "
        f"{settings.voice_polarity:g} of the voice"
    )


def _drawn(settings: FusionSettings) -> str:
    if not settings.contradiction:
        return "Contradictions change nothing in it."
    return (
        "Where the two lean to opposite poles, by a\nand b, both poles of p move towards their mean by the part "
        f"min(1, {settings.contradiction:g} 4 alpha (1 - alpha) min(a, b)); no label changes."
    )


def abstention(numbers: Mapping[str, Any]) -> str:
    """Say how often it is right where it speaks and where it abstains, on the test half."""
    held, wanted = numbers["test"], f"the smallest floor that is right on {_percent(numbers['wanted_accuracy'])} %"
    said = f"It is right on {_percent(held['accuracy_of_kept'])} % of what it does not abstain from"
    if held["accuracy_of_abstained"] is None:
        return f"{said}; it abstains from nothing ({wanted} of the tuning half)."
    others = _percent(held["accuracy_of_abstained"])
    return (
        f"{said}, which is {_percent(held['coverage'])} % of the pairs, and on {others} % of the others ({wanted} of "
        "what is kept on the tuning half)."
    )


def table(kinds: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the Markdown table of words, voice and both on each kind of pair, the part `kinds` of the numbers."""
    header = (
        "| kind of pair | words, UAR | voice, UAR | both, UAR | both against | points | ECE |\n" + 7 * "|---" + "|\n"
    )
    return header + "\n".join(_row(name, kind) for name, kind in kinds.items())


def others(kinds: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the Markdown table of what other rules gain or lose on the same pairs, in points of UAR."""
    compared = {name: kind["gain_of_other_rules"] for name, kind in kinds.items() if "gain_of_other_rules" in kind}
    rules = list(next(iter(compared.values())))
    names = " | ".join(KIND_NAMES[name] for name in compared)
    rows = [("released", [kinds[name]["gain"] for name in compared])]
    rows += [(RULE_NAMES.get(rule, rule), [gains[rule] for gains in compared.values()]) for rule in rules]
    lines = [f"| {rule} | {' | '.join(f'{100 * gain:+.1f}' for gain in gains)} |" for rule, gains in rows]
    return "\n".join([f"| points of UAR by rule | {names} |", f"|---|{'---|' * len(compared)}", *lines])


def _row(name: str, kind: Mapping[str, Any]) -> str:
    uars = [_interval(kind["test"][judge], "uar") for judge in ("text", "audio", "fused")]
    against, points = "", ""
    if "over" in kind:
        low, high = (100 * kind["gain_interval"][end] for end in ("low", "high"))
        against, points = _JUDGES[kind["over"]], f"**{100 * kind['gain']:+.1f}** [{low:.1f}, {high:.1f}]"
    return f"| {KIND_NAMES[name]} | {' | '.join(uars)} | {against} | {points} | {kind['test']['fused']['ece']:.3f} |"


def _interval(scores: Mapping[str, Any], key: str) -> str:
    low, high = scores[f"{key}_interval"]["low"], scores[f"{key}_interval"]["high"]
    return f"{scores[key]:.3f} [{low:.3f}, {high:.3f}]"


def _contradiction(kind: Mapping[str, Any] | None) -> str:
    if kind is None:
        return ""
    return Template(_CONTRADICTION).substitute(
        ece=f"{kind['test']['fused']['ece']:.3f}",
        disagreement=_percent(kind["disagreement"]),
        abstained=_percent(1.0 - kind["abstention"]["coverage"]),
    )


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"
