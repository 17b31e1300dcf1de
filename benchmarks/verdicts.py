"""Is the verdict worth more than the voice alone? The clips of the test actors through a running server, and more.

Protocol: a server of its own with the release and tiny.en. Clips of RAVDESS's test actors (whom no model has heard),
each in a session of its own with 1.5 s of silence after it, as fast as the server takes them; of a clip with several
finals the longest counts. Words of RAVDESS are neutral in every clip, so that all there is to know is in the voice: the
verdict may lose no more than a point to it; the interval draws clips with replacement, 2,000 times. Where
UNDERTONE_DATA has `real/`: sentences read without feeling (how many verdicts are sure, over 0.7, and not neutral), and
sounds without words (how many clips bring words).

    python benchmarks/verdicts.py --release models/promoted
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from server_words import all_finals
from speculation import held_out

from serving.cli.demo_server import DemoServer
from training.corpora.ravdess.names import STATEMENTS, parse_name
from training.params import load_params
from undertone.labels import LABELS, label_index
from undertone.scoring.intervals import percentiles, resamples
from undertone.scoring.scores import expected_calibration_error, uar
from undertone.scoring.word_errors import word_error_rate

Final = dict[str, Any]
SURE = 0.7
DRAWS = 2000


def main() -> None:
    """Stream all, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--sessions", type=int, default=4)
    arguments = parser.parse_args()
    params = load_params()
    paths = held_out(arguments.ravdess, params["split"]["test_actors"], arguments.clips)
    options = ("--asr-timeout-s", "60", "--partial-workers", "0")
    with DemoServer(arguments.release, arguments.log, options) as server:
        server.wait_until_ready()
        acted = longest(asyncio.run(all_finals(paths, server.ws_url, arguments.sessions, False)))
        Console().print(acted_table(paths, acted, params["labels"]))
        for title, group in real_sounds().items():
            of_clip = asyncio.run(all_finals(group, server.ws_url, arguments.sessions, False))
            Console().print(f"{title}: {real_line(of_clip)}")


def longest(of_clip: Sequence[Sequence[Final]]) -> list[Final | None]:
    """Return the final of each clip that lasts longest; None where there is none."""
    return [max(own, key=lambda final: final["end_ms"] - final["start_ms"], default=None) for own in of_clip]


def vectors(finals: Sequence[Final], key: str) -> np.ndarray:
    """Return the probabilities (n, 3) of `text_sentiment`, `audio_sentiment` or `fused_sentiment`."""
    return np.array([[final[key]["probabilities"][label] for label in LABELS] for final in finals])


def acted_table(paths: Sequence[Path], found: Sequence[Final | None], grouping: dict[str, str]) -> Table:
    """Return what words, voice and both are worth on the clips that were heard."""
    heard = [(parse_name(path.stem), final) for path, final in zip(paths, found, strict=True) if final]
    finals = [final for _, final in heard]
    actual = np.array([label_index(grouping[clip.emotion]) for clip, _ in heard])
    said = [STATEMENTS[clip.statement] for clip, _ in heard]
    table = Table("what", "value", title=f"{len(finals)} of {len(paths)} clips heard, actors whom nobody knows")
    table.add_row("with words", f"{np.mean([final['mode'] == 'fused' for final in finals]):.1%}")
    table.add_row("word error rate", f"{word_error_rate(said, [final['text'] or '' for final in finals]):.1%}")
    voice, fused = (vectors(finals, f"{name}_sentiment") for name in ("audio", "fused"))
    scores = {name: uar(actual, p.argmax(axis=1)) for name, p in (("voice", voice), ("fused", fused))}
    table.add_row("UAR of the voice alone", f"{scores['voice']:.3f}")
    table.add_row("UAR of the verdict", f"{scores['fused']:.3f}")
    gained, low, high = gain(actual, voice.argmax(axis=1), fused.argmax(axis=1))
    table.add_row("gained by fusing", f"{gained:+.1f} points [{low:+.1f}, {high:+.1f}]")
    table.add_row("mean alpha", f"{np.mean([final['alpha'] for final in finals]):.3f}")
    for name, p in (("voice", voice), ("verdict", fused)):
        table.add_row(f"ECE of the {name}", f"{expected_calibration_error(actual, p):.3f}")
    right, abstains = fused.argmax(axis=1) == actual, np.array([final["abstain"] for final in finals])
    table.add_row("abstains", f"{abstains.mean():.1%}")
    for name, of in (("speaks", ~abstains), ("abstains", abstains)):
        table.add_row(f"right where it {name}", f"{right[of].mean():.1%}" if of.any() else "none")
    return table


def gain(actual: np.ndarray, voice: np.ndarray, fused: np.ndarray) -> tuple[float, float, float]:
    """Return by how many points of UAR `fused` is over `voice`, labels (n,), with a 95 % bootstrap over clips."""
    drawn = resamples([np.arange(len(actual))], DRAWS, seed=0)
    of_class = [(actual == label, (fused == actual) * 1.0 - (voice == actual)) for label in np.unique(actual)]
    gains = [(drawn[:, own] @ better[own]) / drawn[:, own].sum(axis=1) for own, better in of_class]
    gained = float(np.mean([better[own].mean() for own, better in of_class]))
    return 100 * gained, *(100 * end for end in percentiles(np.mean(gains, axis=0)))


def real_sounds() -> dict[str, list[Path]]:
    """Return the recordings of `real/` by what they are; empty where there are none."""
    root = Path(os.environ.get("UNDERTONE_DATA", "")) / "real"
    groups = {"read without feeling": sorted((root / "reading").glob("*.flac"))}
    for path in sorted((root / "sounds").glob("*.ogg")):
        groups.setdefault(f"no words: {path.stem.split('-')[0]}", []).append(path)
    return {title: paths for title, paths in groups.items() if paths}


def real_line(of_clip: Sequence[Sequence[Final]]) -> str:
    """Return how many clips bring utterances, words, and sure verdicts that are not neutral."""
    any_of = [
        ("an utterance", lambda final: True),
        ("words", lambda final: final["mode"] == "fused"),
        ("a sure non-neutral verdict", _is_sure_and_not_neutral),
    ]
    counts = (f"{sum(any(map(test, own)) for own in of_clip)} bring {what}" for what, test in any_of)
    return f"of {len(of_clip)} clips " + ", ".join(counts)


def _is_sure_and_not_neutral(final: Final) -> bool:
    verdict = final["fused_sentiment"]
    return verdict["label"] != "neutral" and verdict["probabilities"][verdict["label"]] > SURE


if __name__ == "__main__":
    main()
