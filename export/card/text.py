"""The part of the model card that speaks of the text model, from the numbers of the manifest alone."""

from collections.abc import Mapping
from string import Template
from typing import Any

from undertone.labels import LABELS
from undertone.manifest import Manifest

_PART = Template("""\
## The words

`text.int8.onnx` with `tokenizer.json` says how a text reads, with the same three labels: a DistilBERT in int8
($megabytes MB) whose base is $base. It reads the first $max_tokens word pieces of a text. Probabilities are
softmax(logits / $temperature). A text in which it knows nothing (empty, only emoji, another script) is neutral.

### Data and licence

GoEmotions (Demszky et al. 2020, ACL: Reddit comments; Apache-2.0) and SST-5 (Socher et al. 2013, EMNLP: sentences of
film reviews; published for research, no licence stated) and the text of MELD's dialogues (Poria et al. 2019, ACL: a
television series; GPL-3.0), grouped as below; rows that name two labels, or only ambiguous emotions, are left out, and
training rows that stand in a dev or test set too. Of MELD the sentiment decides.
md5 of the rows: `$text_md5`. The base all-MiniLM-L6-v2 is Apache-2.0.$taught

$groupings

### Numbers

$protocol

| measure | int8, as served | float, with 95 % interval |
|---|---|---|
$scores

On dialogue (MELD dev) the recalls are $recalls and the ECE is $meld_ece; of what is 0.9 sure there $sure % are right.
ECE of the int8 file over all test rows: $ece. Same label in int8 as in float: $agreement % of the test rows.

Float, the same test rows as speech recognition writes them (15 % word errors cost up to $word_error_points points):

| the texts | $names |
|---|$bars
$conditions

What the recogniser's own errors cost, on our sentences ($heard_protocol):

| the sentences | word error rate | macro-F1 |
|---|---|---|
$heard

### Where it fails

- Sarcasm and irony come out as their literal reading, with high confidence: "thanks for nothing" reads as thanks.
- Negation of a word is mostly understood ("not bad at all"), negation by thought is not ("nothing I would change").
- Politeness reads as feeling: a thank-you is positive and an apology negative, whatever the matter is.
- Bad news told in plain facts ("the card was charged twice") reads as neutral.
- One-word utterances ("fine", "no") are guesses: tone decides them, which a text does not carry.
- The neutral of a film review (praise and blame in balance) is its weakest class.
- Words misheard by speech recognition are lost to it: the table above says what 15 % of them cost.
- The labels of MELD were given with the scene in view, so that half of what its viewers knew is not in the words.
- English only: Reddit users, film critics, the script of one series. `notebooks/03_text.ipynb` shows these failures.
- Release 0.4.0 had not learned from dialogue: it called most of it neutral (recall of negative 0.30 on MELD dev, where
  0.9 sure meant right in 66 %).
""")
_TAUGHT = Template("""

$share % of what a training row is to be given is what a larger network says of it: all-mpnet-base-v2 (Apache-2.0),
which learned the same rows with a head for each kind of text (`training/teaching`).""")
_NAMES = {
    "meld_macro_f1": "macro-F1, MELD",
    "goemotions_macro_f1": "macro-F1, GoEmotions",
    "sst_macro_f1": "macro-F1, SST-5",
    "sst_binary_accuracy": "accuracy, SST positive against negative",
}


def render(manifest: Manifest, groupings: Mapping[str, Mapping[str | int, str]]) -> str:
    """Return the part, Markdown; `groupings` is the section `text_data` of params.yaml."""
    numbers = manifest.metrics["text"]
    conditions = {"undamaged": numbers["fp32"], **numbers["conditions"]}
    return _PART.substitute(
        megabytes=f"{numbers['bytes'] / 1e6:.1f}",
        base=numbers["base"],
        max_tokens=manifest.text.max_tokens,
        temperature=f"{manifest.text.temperature:.3f}",
        taught=_TAUGHT.substitute(share=f"{100 * numbers['taught_share']:.0f}") if numbers.get("taught_share") else "",
        text_md5=manifest.data["text_md5"],
        groupings="\n".join(f"- {source}: {_grouped(table)}" for source, table in groupings.items()),
        protocol="\n".join(f"- {subject}: {words}" for subject, words in numbers["protocol"].items()),
        scores="\n".join(_score(key, name, numbers) for key, name in _NAMES.items()),
        ece=f"{numbers['ece']:.3f}",
        recalls=", ".join(f"{label} {value:.2f}" for label, value in numbers["meld"]["recall"].items()),
        meld_ece=f"{numbers['meld']['ece']:.3f}",
        sure=f"{100 * (numbers['meld']['sure']['accuracy'] or 0.0):.0f}",
        heard_protocol=numbers["heard"]["protocol"],
        heard="\n".join(_heard(name, row) for name, row in numbers["heard"].items() if name != "protocol"),
        agreement=f"{100 * numbers['int8_agreement']:.1f}",
        word_error_points=f"{100 * numbers['most_lost_to_word_errors']:.1f}",
        names=" | ".join(_NAMES.values()),
        bars="---|" * len(_NAMES),
        conditions="\n".join(_condition(name, scores) for name, scores in conditions.items()),
    )


def _grouped(table: Mapping[str | int, str]) -> str:
    groups = (*LABELS, *sorted(set(table.values()) - set(LABELS)))
    return "; ".join(
        f"{label} = {', '.join(str(name) for name, group in table.items() if group == label)}" for label in groups
    )


def _score(key: str, name: str, numbers: Mapping[str, Any]) -> str:
    low, high = numbers["intervals"][key]
    return f"| {name} | {numbers[key]:.3f} | {numbers['fp32'][key]:.3f} ({low:.3f} to {high:.3f}) |"


def _heard(name: str, row: Mapping[str, float]) -> str:
    return f"| {name.replace('_', ' ')} | {100 * row['word_error_rate']:.1f} % | {row['macro_f1']:.3f} |"


def _condition(name: str, scores: Mapping[str, float]) -> str:
    return f"| {name.replace('_', ' ')} | {' | '.join(f'{scores[key]:.3f}' for key in _NAMES)} |"
