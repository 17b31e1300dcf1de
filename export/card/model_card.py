"""The model card of a release, rendered from the same numbers as its manifest, so that the two cannot disagree.

No dates, revisions or machine names: the same numbers give the same bytes. The sections follow Mitchell et al. 2019,
"Model cards for model reporting".
"""

from collections.abc import Mapping
from string import Template
from typing import Any

from export.card import acoustic_errors
from export.card import across as across_card
from export.card import ear as ear_card
from export.card import fusion as fusion_card
from export.card import text as text_card
from export.card.acoustic_table import crossval_table
from undertone.labels import LABELS
from undertone.manifest import Manifest

_CARD = Template("""\
# undertone $version: model card

## What it is

A network of $kilobytes kB that says how speech sounds: $labels. It hears 16 kHz mono audio (at least
$min_ms ms) and returns one probability per label. It does not hear words: it judges the voice alone.
It is one ONNX graph from waveform to logits: $n_mfcc MFCCs in float, then a 1D convolutional network in int8.
Probabilities are softmax(logits / $temperature).

`silero_vad.onnx` finds the speech (Silero VAD v6, MIT licence): the network that faster-whisper carries, rewritten as
matrix products, which changes its probabilities by rounding only.
Sizes and sha256 of all files, and every setting, are in `manifest.json`.

## Data and licence

RAVDESS (Livingstone & Russo 2018, PLoS ONE 13(5): e0196391): 24 professional actors, 1440 clips of speech, each cut to
its speech by the same speech gate that serves. RAVDESS is **CC BY-NC-SA 4.0**: this model is for research and
other non-commercial use, under the same licence, with attribution.
md5 of the clips used: `$ravdess_md5`.

Labels, from the acted emotion: $grouping.

How it was fitted: $training_protocol.

## Numbers

### Voices it has not heard: cross-validation over all actors

Protocol: $crossval_protocol. `$arch` is the network of this release, `baseline` the plain 1D-CNN it is compared with.

$crossval_table

Where it errs, in the same protocol:

$errors

### The released file, on four actors it has not heard

Protocol: $protocol.

| measure | value |
|---|---|
$rows

UAR is the unweighted average recall: the mean of the recalls of the labels; guessing gives 0.333.
ECE is the expected calibration error over 15 bins.

$across_part$ear_part## Limits

- Acted speech. Actors were told which emotion to show; spontaneous speech shows less, and differently.
- Two sentences ("Kids are talking by the door", "Dogs are sitting by the door"), studio recordings.
- English with a North American accent, 24 adults. Other languages, accents, ages and rooms are untested; noise and a
  telephone's band were imitated, and babble costs it most.
- On speech unlike acted clips it guesses. Such speech gets a flatter answer, by a distance that the graph carries,
  and long speech is heard in windows whose mean is sure only where they agree. Sentences
  read without feeling are hardly ever called neutral by the network; its ear, where the release has one, calls most of
  them so. Release 0.4.0 called four of five read sentences positive, and was sure of it.
- The voices differ more than the interval tells: see the worst and the best actor above.
- A label is a group of acted emotions. It says how a stretch of speech sounds to this model, not what a person feels.

$text_part
$fusion_part
## Not for

- judging individuals: their character, honesty, health or state of mind;
- employment, education, credit, insurance, policing or border decisions;
- medical or psychological use;
- anything done to people who do not know that it listens.
""")


def render(
    manifest: Manifest, grouping: Mapping[str, str], text_groupings: Mapping[str, Mapping[str | int, str]]
) -> str:
    """Return the card, Markdown; the groupings are the sections `labels` and `text_data` of params.yaml."""
    acoustic, numbers = manifest.acoustic, manifest.metrics["acoustic"]
    return _CARD.substitute(
        version=manifest.version,
        kilobytes=round(numbers["bytes"] / 1000),
        labels=", ".join(LABELS[:-1]) + f" or {LABELS[-1]}",
        min_ms=1000 * acoustic.min_samples // acoustic.sample_rate_hz,
        n_mfcc=acoustic.n_mfcc,
        temperature=f"{acoustic.temperature:.3f}",
        ravdess_md5=manifest.data["ravdess_md5"],
        grouping="; ".join(f"{label} = {_emotions_of(label, grouping)}" for label in LABELS),
        arch=numbers["arch"],
        crossval_protocol=numbers["crossval"]["protocol"],
        crossval_table=crossval_table(numbers["crossval"]),
        errors=acoustic_errors.render(numbers["errors"]),
        protocol=numbers["protocol"],
        training_protocol=numbers["training_protocol"],
        rows="\n".join(f"| {name} | {value} |" for name, value in _rows(numbers).items()),
        across_part=across_card.render(manifest),
        ear_part=ear_card.render(manifest),
        text_part=text_card.render(manifest, text_groupings),
        fusion_part=fusion_card.render(manifest),
    )


def _emotions_of(label: str, grouping: Mapping[str, str]) -> str:
    return ", ".join(emotion for emotion, group in grouping.items() if group == label)


def _rows(numbers: Mapping[str, Any]) -> dict[str, str]:
    low, high = numbers["uar_interval"]["low"], numbers["uar_interval"]["high"]
    return {
        "UAR": f"{numbers['uar']:.3f} (95 % interval over actors {low:.3f} to {high:.3f})",
        "UAR of the int8 file": f"{numbers['int8_uar']:.3f}",
        "accuracy": f"{numbers['accuracy']:.3f}",
        "macro F1": f"{numbers['macro_f1']:.3f}",
        **{f"recall of {label}": f"{numbers['recall'][label]:.3f}" for label in LABELS},
        "ECE": f"{numbers['ece']:.3f}",
        "same label in int8 as in float": f"{100 * numbers['int8_agreement']:.1f} % of the clips",
    }
