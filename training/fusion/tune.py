"""Stage `tune_fusion`: how much the words count beside the voice, tuned and tested on two halves of a labelled set.

The set is our own four kinds of pairs (training/fusion/pairs.py), or what `fusion.labeled_set` of params.yaml names.
RAVDESS says two neutral sentences, so that tuned on it alone the words would count for nothing (`ravdess_alone` in the
metrics). Run it as `python -m training.fusion.tune`.
"""

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from training.corpora.labeled.labeled_set import HALVES, LabeledSetError
from training.corpora.ravdess.clips import Clip, load_features
from training.corpora.ravdess.splits import main_split
from training.files import FUSION_CURVE, FUSION_METRICS, FUSION_PAIRS, SENTENCES
from training.fusion.answers import Graphs, Networks, load_networks
from training.fusion.bounds import at_bounds
from training.fusion.choice import FloorError
from training.fusion.kinds import own_pairs, pair_rows, recorded_pairs
from training.fusion.pairs import WORDS_SAY_NOTHING, Pair
from training.fusion.report import curve, degenerate, report, tuned
from training.fusion.scores import Half
from training.fusion.spoken import load_heard
from training.metrics_files import write_metrics, write_rows
from training.params import load_params
from training.tracking import check_store, log_training
from undertone.weighting import FusionSettings


def tune(params: Mapping[str, Any], graphs: Graphs, output: Path = Path()) -> None:
    """Tune and test; write metrics and plots under the folder `output`.

    Raises:
        LabeledSetError: the labelled set cannot be used.
        FloorError: the accuracy that is demanded of what is kept is out of reach.
        SystemExit: an input is missing; the message names the stage that makes it.
    """
    section = params["fusion"]
    listed = Path(section["labeled_set"]) if section["labeled_set"] else None
    pairs = recorded(listed, section) if listed else own_pairs(clips_by_half(params), load_heard(), section["seed"])
    networks = load_networks(params, graphs, own=listed is None)
    content, halves, released, rules = numbers_of(pairs, networks, params, listed)
    if listed is None:
        content["ravdess_alone"] = degenerate(halves["tuning"][WORDS_SAY_NOTHING], section["alpha_step"])
    write_metrics(output / FUSION_METRICS, content)
    write_rows(output / FUSION_CURVE, curve(halves, rules["adaptive"], section))
    tested = [pair for pair in pairs if pair.half == "test"]
    rows = (
        row
        for kind, half in halves["test"].items()
        for row in pair_rows([pair for pair in tested if pair.kind == kind], half, released)
    )
    write_rows(output / FUSION_PAIRS, rows)


def numbers_of(
    pairs: Sequence[Pair], networks: Networks, params: Mapping[str, Any], listed: Path | None
) -> tuple[dict[str, Any], dict[str, dict[str, Half]], FusionSettings, dict[str, FusionSettings]]:
    """Return the content of metrics/fusion.json, both halves, what is released, and the best of each rule.

    Constants that end at a bound are said on standard error.
    """
    section = params["fusion"]
    halves = {half: networks.by_kind([pair for pair in pairs if pair.half == half]) for half in HALVES}
    released, rules = tuned(halves["tuning"], section)
    for warning in at_bounds(rules, section):
        sys.stderr.write(f"warning: {warning}\n")
    return {**described(listed, params), **report(halves, released, rules, section)}, halves, released, rules


def recorded(listed: Path, section: Mapping[str, Any]) -> list[Pair]:
    """Return the pairs of a set of recordings that is large enough to choose anything on.

    Raises:
        LabeledSetError: the set cannot be used, or a half has fewer of a label than `fusion.least_pairs`.
    """
    pairs, least = recorded_pairs(listed, section), section["least_pairs"]
    counts = Counter((pair.half, pair.label) for pair in pairs)
    few = [f"{counts[kind]} {kind[1]} in the {kind[0]} half" for kind in sorted(counts) if counts[kind] < least]
    if few:
        raise LabeledSetError(
            f"{listed} is too small to tune on: {', '.join(few)}; each label needs {least} recordings in each half "
            "(fusion.least_pairs of params.yaml), or what is chosen is chance"
        )
    return pairs


def clips_by_half(params: Mapping[str, Any]) -> dict[str, list[Clip]]:
    """Return the clips of the validation actors to tune on and of the test actors to test on."""
    split, clips = main_split(params["split"]), load_features()
    actors = dict(zip(HALVES, (split.validation, split.test), strict=True))
    return {half: [clip for clip in clips if clip.actor in actors[half]] for half in HALVES}


def described(listed: Path | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the numbers come from: their protocol, whether the pairs are put together, the md5 of the set."""
    protocol = own_protocol(params) if listed is None else listed_protocol(listed)
    digest = md5((listed or SENTENCES).read_bytes(), usedforsecurity=False).hexdigest()
    return {"protocol": protocol, "synthetic": listed is None, "labeled_set_md5": digest}


def own_protocol(params: Mapping[str, Any]) -> str:
    """Say how the numbers on our own pairs came about."""
    split, voices = main_split(params["split"]), params["spoken"]["voices"]
    tuning, test = (", ".join(map(str, actors)) for actors in (split.validation, split.test))
    return (
        "four kinds of pairs, words as the recogniser of the service heard them: clips of RAVDESS and their own words; "
        f"our sentences (data/labeled) in voices without feeling ({len(voices['test'])} made of hibari-tts); sentences "
        "with clips of their label; sentences of one pole with clips of the other, counted once with each label. Tuned "
        f"on one half of the sentences with actors {tuning}, judged by a network fitted without them, tested on the "
        f"other half with actors {test} and other voices; int8 graphs; the constants chosen by log loss, each "
        "kind counting alike, and the adaptive weight of those nearly as good by what it takes from who alone can know "
        "and its ECE; intervals are 95 % bootstraps over sentences and speakers"
    )


def listed_protocol(listed: Path) -> str:
    """Say how the numbers on a set of recordings came about."""
    return (
        f"recordings of {listed.name}, tuned on one half, tested on the other; int8 graphs; alpha, sharpness and "
        "temperature chosen by log loss; intervals are 95 % bootstraps over sentences and speakers"
    )


def curve_by_percent(rows: Path, folder: Path) -> Path:
    """Write the curves in `rows` with alpha in percent as the column `epoch`, the step of MLflow, into `folder`."""
    with rows.open(encoding="utf-8", newline="") as file:
        read = [{"epoch": round(100 * float(row.pop("alpha"))), **row} for row in csv.DictReader(file)]
    write_rows(folder / rows.name, read)
    return folder / rows.name


def main() -> None:
    """Run the stage with params.yaml and log the run."""
    params = load_params()
    check_store()
    try:
        tune(params, Graphs())
    except (LabeledSetError, FloorError) as error:
        raise SystemExit(f"the fusion cannot be tuned: {error}") from None
    with TemporaryDirectory() as folder:
        curves = curve_by_percent(FUSION_CURVE, Path(folder))
        log_training(
            {"fusion": params["fusion"]}, {"fusion": FUSION_METRICS}, curves, FUSION_PAIRS, experiment="fusion"
        )


if __name__ == "__main__":
    main()
