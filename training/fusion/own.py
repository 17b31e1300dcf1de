"""Tunes the fusion of a release on a set of one's own, without the pipeline: `python -m training.fusion.own MINE.csv`.

Nothing but the release and the recordings is read; MINE.csv is as `fusion.labeled_set` of params.yaml describes it. One
half tunes, the other is reported on. With `--write DIR` the release is written there with the new rule, ready to serve.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.corpora.labeled.labeled_set import LabeledSetError
from training.files import LIVE
from training.fusion.answers import Networks
from training.fusion.choice import FloorError
from training.fusion.ears import Ears
from training.fusion.tune import numbers_of, recorded
from training.metrics_files import write_metrics
from training.params import load_params
from training.tracking import check_store, log_numbers
from undertone import manifest as manifests
from undertone.manifest import ACOUSTIC_FILE, CARD_FILE, EAR_FILE, TEXT_FILE, TOKENIZER_FILE, Manifest, ReleaseError
from undertone.release import check_release
from undertone.voice.acoustic import AcousticModel
from undertone.voice.ear import Ear
from undertone.words.sentiment import TextModel

HALVES = ("tuning", "test")


def networks_of(folder: Path, params: Mapping[str, Any]) -> Networks:
    """Return the networks of the release in `folder`, the same ones for both halves.

    Raises:
        ReleaseError: it is no release, or not whole.
    """
    manifest = check_release(folder)
    voice = AcousticModel(folder / ACOUSTIC_FILE, manifest.acoustic)
    ear = Ear(folder / EAR_FILE, manifest.ear) if manifest.ear else None
    words = TextModel(folder / TEXT_FILE, folder / TOKENIZER_FILE, manifest.text.temperature, manifest.text.max_tokens)
    ears = Ears(dict.fromkeys(HALVES, ear), None, params["fusion"]["asr_model"])
    return Networks(dict.fromkeys(HALVES, voice), ears, words, params["vad"])


def tune_own(listed: Path, folder: Path, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what metrics/fusion.json would hold for the recordings of `listed` and the release in `folder`.

    Raises:
        LabeledSetError: the set cannot be used, or is too small.
        FloorError: the accuracy that is demanded of what is kept is out of reach.
        ReleaseError: `folder` is no release.
    """
    pairs, networks = recorded(listed, params["fusion"]), networks_of(folder, params)
    return numbers_of(pairs, networks, params, listed)[0]


def write_release(folder: Path, output: Path, content: Mapping[str, Any]) -> Manifest:
    """Copy the release in `folder` to `output` with the rule and the numbers of `content`; the card says so.

    Raises:
        FileExistsError: there is an `output` already.
    """
    shutil.copytree(folder, output)
    with (output / CARD_FILE).open("a", encoding="utf-8") as card:
        card.write(f"\n## The fusion was tuned again\n\nProtocol: {content['protocol']}.\n")
    old = manifests.load(folder)
    numbers = {name: value for name, value in content.items() if name != "settings"}
    files = {**old.files, CARD_FILE: manifests.describe(output / CARD_FILE)}
    new = replace(old, files=files, fusion=dict(content["settings"]), metrics={**old.metrics, "fusion": numbers})
    manifests.save(new, output)
    return check_release(output)


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune, write, say the few numbers that matter, and log the run."""
    parser = argparse.ArgumentParser(prog="python -m training.fusion.own", description="Tunes the fusion of a release.")
    parser.add_argument("listed", type=Path, metavar="MINE.csv", help="audio,label and, if known, text,speaker,split")
    parser.add_argument("--release", type=Path, default=LIVE, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=Path("tuned/fusion.json"), help="numbers (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the release with the new rule")
    parsed, params = parser.parse_args(arguments), load_params()
    if parsed.write and parsed.write.exists():
        parser.error(f"{parsed.write} is there already: name a folder that is not")
    check_store()
    try:
        content = tune_own(parsed.listed, parsed.release, params)
    except (LabeledSetError, FloorError, ReleaseError) as error:
        raise SystemExit(f"the fusion cannot be tuned: {error}") from None
    try:
        write_metrics(parsed.output, content)
        if parsed.write:
            write_release(parsed.release, parsed.write, content)
    except OSError as error:
        raise SystemExit(f"what was tuned cannot be written: {error}") from None
    log_numbers("fusion", {"fusion": params["fusion"]}, {"fusion": parsed.output})
    sys.stdout.write(_told(content, parsed))


def _told(content: Mapping[str, Any], parsed: argparse.Namespace) -> str:
    found, settings = content["kinds"]["recordings"], content["settings"]
    scores = ", ".join(f"{name} {judge['uar']:.3f}" for name, judge in found["test"].items())
    rule = f"adaptive, {settings['adaptive_alpha']:g}" if settings["adaptive"] else f"fixed, {settings['alpha']:g}"
    written = f"\n{parsed.write}: undertone serve --release {parsed.write}" if parsed.write else ""
    return f"weight of the words: {rule}; UAR on the test half: {scores}\n{parsed.output}{written}\n"


if __name__ == "__main__":
    main()
