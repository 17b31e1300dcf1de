"""What word errors are like and what they cost: a real recogniser's, those of training, and ones that sound alike.

Protocol of the first table: development sentences of GoEmotions, without marks, all of whose words have a
pronunciation, spoken by four voices of espeak-ng at 150 words a minute and heard by pocketsphinx. Each simulation
damages the same sentences five times, each at the error rate that the recogniser had on it. Words wrong and phones
wrong are edit distances over all sentences; "rare" words have fewer than 10 examples in the training texts, "common"
ones 1000 or more; lost is macro-F1 of the released text model on these sentences, in points.

Protocol of the second: all development rows of both sets, without marks, at 15 % word errors, five draws; points lost
by the released text model against the same rows without errors.

    dvc repro -s text_data
    python benchmarks/words/word_errors.py
"""

import argparse
import json
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jiwer
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import f1_score
from sound_alike import SoundAlike, pronunciations
from tqdm import tqdm

from training.corpora.texts.table import Row, load_rows
from training.evaluation.text_scores import plain_scores
from training.text.fitting import row_confusions
from training.text.noise import unpunctuated, with_word_errors
from undertone.audio_file import read
from undertone.labels import LABELS
from undertone.words.engines.sphinx import PocketsphinxRecogniser
from undertone.words.sentiment import TextModel, load_text_model
from undertone.words.settings import AsrSettings

VOICES = ("en-us", "en-us+f3", "en-us+m3", "en-us+f2")
DRAWS = 5
RARE, COMMON = 10, 1000  # examples in the training texts

Damage = Callable[[str, random.Random, float], str]


@dataclass(frozen=True)
class Heard:
    """One sentence as it was said and as it was heard, in lower case and without marks."""

    said: str
    heard: str
    label: str

    @property
    def error_rate(self) -> float:
        """Wrong words as a share of the words that were said."""
        return float(jiwer.wer(self.said, self.heard))


def main() -> None:
    """Speak, hear, simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--sentences", type=int, default=600)
    parser.add_argument("--pairs", type=Path, help="keep what was heard here, or read it if it is there (JSON lines)")
    arguments = parser.parse_args()
    rows, model = load_rows(), load_text_model(arguments.release)
    fitted = [row for row in rows if row.split == "train" and row.source != "sst_phrases"]
    counts = Counter(word for row in fitted for word in unpunctuated(row.text, random.Random(0)).split())
    sound_alike, confusions = SoundAlike(counts), row_confusions(rows)
    simulations: dict[str, Damage] = {
        "as in training": lambda text, rng, rate: with_word_errors(text, rng, confusions, rate),
        "sounding alike": sound_alike.heard,
    }
    if arguments.pairs and arguments.pairs.exists():
        real = [Heard(**json.loads(line)) for line in arguments.pairs.read_text(encoding="utf-8").splitlines()]
    else:
        real = heard_by_pocketsphinx(sentences(rows, arguments.sentences))
        if arguments.pairs:
            arguments.pairs.write_text("".join(json.dumps(asdict(one)) + "\n" for one in real), encoding="utf-8")
    console = Console()
    console.print(kinds_of_errors(real, simulations, counts, model))
    console.print(cost_at_15_percent([row for row in rows if row.split == "dev"], simulations, model))


def sentences(rows: Sequence[Row], number: int) -> list[tuple[str, str]]:
    """Return (text, label) of `number` development sentences that can be spoken and compared phone by phone."""
    rng = random.Random(0)
    own = {unpunctuated(row.text, rng): row.label for row in rows if row.split == "dev" and row.source == "goemotions"}
    known = [one for one in own.items() if one[0] and all(word in pronunciations() for word in one[0].split())]
    return rng.sample(known, number)


def heard_by_pocketsphinx(said: Sequence[tuple[str, str]]) -> list[Heard]:
    """Return what the recogniser makes of each text."""
    recogniser = PocketsphinxRecogniser(AsrSettings(gates=False), "as asked")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "said.wav"
        for place, (text, label) in enumerate(tqdm(said, "spoken and heard", mininterval=10.0)):
            subprocess.run(["espeak-ng", "-v", VOICES[place % len(VOICES)], "-s", "150", "-w", wav, text], check=True)
            transcript = recogniser.transcribe(np.pad(read(wav), (4000, 8000)))
            found.append(Heard(text, unpunctuated(transcript.text, random.Random(0)), label))
    return found


def kinds_of_errors(real: list[Heard], simulations: dict[str, Damage], counts: Counter[str], model: TextModel) -> Table:
    """Return the table of the errors of the recogniser, and of each simulation at the same rate."""
    whole = macro_f1(model, [one.said for one in real], real)
    table = Table(title=f"{len(real)} sentences, macro-F1 as said {whole:.3f}")
    for column in ("errors", "words", "phones / words", "sub / del / ins", "rare / common", "lost"):
        table.add_column(column, justify="left" if column == "errors" else "right")
    for name, found in {
        "pocketsphinx": real,
        **{name: simulated(real, damage) for name, damage in simulations.items()},
    }.items():
        lost = whole - macro_f1(model, [one.heard for one in found], found)
        table.add_row(name, *described(found, counts), f"{100 * lost:.1f}")
    return table


def cost_at_15_percent(rows: list[Row], simulations: dict[str, Damage], model: TextModel) -> Table:
    """Return the table of what each simulation takes from each score on all of `rows`."""
    rng = random.Random(0)
    said = [unpunctuated(row.text, rng) for row in rows]
    whole = scores(model, said, rows)
    table = Table("points lost", *whole, title=f"{len(rows)} development rows at 15 % word errors")
    for name, damage in simulations.items():
        draws = []
        for seed in range(DRAWS):
            rng = random.Random(seed)
            draws.append(scores(model, [damage(text, rng, 0.15) if text else "" for text in said], rows))
        lost = {key: [100 * (whole[key] - draw[key]) for draw in draws] for key in whole}
        table.add_row(name, *(f"{np.mean(own):.1f} ({min(own):.1f} to {max(own):.1f})" for own in lost.values()))
    return table


def scores(model: TextModel, texts: list[str], rows: list[Row]) -> dict[str, float]:
    """Return macro-F1 of each set and the accuracy positive against negative."""
    return plain_scores(np.log([model.probabilities(text) for text in texts]), rows)


def macro_f1(model: TextModel, texts: list[str], pairs: list[Heard]) -> float:
    """Return macro-F1 of `texts` by the labels of `pairs`."""
    found = [LABELS[int(model.probabilities(text).argmax())] for text in texts]
    return float(f1_score([one.label for one in pairs], found, average="macro", labels=LABELS))


def simulated(real: list[Heard], damage: Damage) -> list[Heard]:
    """Return the sentences of `real`, `DRAWS` times, damaged at the error rate that each had in truth."""
    rng = random.Random(0)
    return [
        Heard(one.said, damage(one.said, rng, min(one.error_rate, 1.0)), one.label)
        for _ in range(DRAWS)
        for one in real
    ]


def described(pairs: list[Heard], counts: Counter[str]) -> tuple[str, str, str, str]:
    """Return words wrong, phones wrong over words wrong, the kinds of error, and rare words wrong over common ones."""
    phones = jiwer.wer([phones_of(one.said) for one in pairs], [phones_of(one.heard) for one in pairs])
    aligned = jiwer.process_words([one.said for one in pairs], [one.heard for one in pairs])
    errors = np.array([aligned.substitutions, aligned.deletions, aligned.insertions])
    kinds = " / ".join(f"{share:.0%}" for share in errors / errors.sum())
    wrong, all_words = Counter[str](), Counter[str]()
    for reference, chunks in zip(aligned.references, aligned.alignments, strict=True):
        missed = {i for chunk in chunks if chunk.type != "equal" for i in range(chunk.ref_start_idx, chunk.ref_end_idx)}
        for place, word in enumerate(reference):
            kind = "rare" if counts[word] < RARE else "common" if counts[word] >= COMMON else "between"
            wrong[kind] += place in missed
            all_words[kind] += 1
    ratio = wrong["rare"] / all_words["rare"] / (wrong["common"] / all_words["common"])
    return f"{aligned.wer:.1%}", f"{phones / aligned.wer:.2f}", kinds, f"{ratio:.2f}"


def phones_of(text: str) -> str:
    """Return the phones of all words, spaces between; a word without a pronunciation is one phone."""
    return " ".join(phone for word in text.split() for phone in pronunciations().get(word, "?"))


if __name__ == "__main__":
    main()
