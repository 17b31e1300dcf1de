"""Which words the gate keeps and which it rejects, by kind of sound, through speech gate and recogniser as in service.

Protocol: each piece of benchmarks/words/gate_material.py is one stream through the speech gate (section `vad` of
params.yaml, the promoted Silero file); each of its utterances goes to Whisper with what the gate knows of it. Kept:
utterances whose words are accepted, and their share of the seconds of speech. For sounds without words a clip counts
once, however many of its utterances are accepted, and silent clips count as well. Of short answers only those count
that Whisper writes as they were said. The numbers of undertone/words/plausibility/calibrated.py were fitted and their
limits placed on the chosen half; the report half was only looked at, and the judges of a release have other recordings.

    python benchmarks/words/words_gate.py --model FOLDER --half report
    python benchmarks/words/words_gate.py --model FOLDER --half report --only person_sneeze dog_bark --list
"""

import argparse
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gate_material import OTHERS, SPOKEN, WORDLESS, Piece
from rich.console import Console
from rich.table import Table

from training.params import load_params
from undertone.gate.listener import utterances
from undertone.gate.settings import VadSettings, vad_settings
from undertone.gate.silero import SileroModel
from undertone.words.engines.recogniser import load_recogniser
from undertone.words.settings import AsrSettings
from undertone.words.transcript import Recogniser, Transcript


@dataclass
class Count:
    """What became of the utterances of one kind."""

    clips: int = 0
    clips_with_words: int = 0
    utterances: int = 0
    accepted: int = 0
    speech_ms: int = 0
    accepted_ms: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, heard: list[tuple[Transcript, int]]) -> None:
        """Count one clip: its utterances and how much of each was speech."""
        self.clips += 1
        self.clips_with_words += any(transcript.rejected is None for transcript, _ in heard)
        for transcript, speech_ms in heard:
            self.utterances, self.speech_ms = self.utterances + 1, self.speech_ms + speech_ms
            if transcript.rejected:
                self.reasons[transcript.rejected] += 1
            else:
                self.accepted, self.accepted_ms = self.accepted + 1, self.accepted_ms + speech_ms


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("chosen", "report"), default="report")
    parser.add_argument("--model", default="tiny.en", help="name or folder of a CTranslate2 Whisper")
    parser.add_argument("--only", nargs="*", default=[""], help="kinds that begin so")
    parser.add_argument("--list", action="store_true", help="print each utterance with its evidence")
    arguments = parser.parse_args()
    vad, silero = vad_settings(load_params()["vad"]), SileroModel(Path("models/promoted/silero_vad.onnx"))
    recogniser, counts = load_recogniser(AsrSettings(model=arguments.model)), defaultdict[str, Count](Count)
    for piece in pieces(arguments.half, tuple(arguments.only)):
        heard = [(t, ms) for t, ms in hear(piece, recogniser, silero, vad) if understood(piece, t)]
        if heard or piece.said is None:
            counts[piece.kind].add(heard)
        for transcript, speech_ms in heard if arguments.list else ():
            print(piece.kind, piece.name, speech_ms, transcript.rejected, repr(transcript.text), transcript.evidence)
    Console().print(table(counts, arguments.half))


def pieces(half: str, only: tuple[str, ...]) -> Iterator[Piece]:
    """Return the material of one half."""
    data = Path(os.environ["UNDERTONE_DATA"])
    for source in (*SPOKEN, *WORDLESS, *OTHERS):
        yield from (piece for piece in source(data) if piece.half == half and piece.kind.startswith(only))


def hear(
    piece: Piece, recogniser: Recogniser, silero: SileroModel, vad: VadSettings
) -> Iterator[tuple[Transcript, int]]:
    """Return the utterances of a piece: the words of each, and how many ms of it are speech."""
    for found in utterances(piece.samples, silero, vad):
        speech_ms = (found.speech_end - found.speech_start) // 16
        samples = piece.samples[found.start : found.end]
        yield recogniser.transcribe(samples, speech_ms=speech_ms, speech_prob=found.speech_prob), speech_ms


def understood(piece: Piece, transcript: Transcript) -> bool:
    """Return whether the words are what was said, where that is known."""
    return piece.said is None or _plain(transcript.text) == _plain(piece.said)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z']+", " ", text.lower()).strip().replace("alright", "all right")


def table(counts: dict[str, Count], half: str) -> Table:
    """Return what was counted, a row for each kind."""
    columns = ("kind", "clips", "clips with words", "utterances", "accepted", "of the speech", "rejected for")
    found = Table(title=f"words accepted, {half} half")
    for column in columns:
        found.add_column(column, justify="left" if column in (columns[0], columns[-1]) else "right")
    for kind, count in counts.items():
        words = f"{count.clips_with_words} ({count.clips_with_words / count.clips:.1%})"
        accepted = f"{count.accepted} ({count.accepted / max(1, count.utterances):.1%})"
        share = f"{count.accepted_ms / max(1, count.speech_ms):.1%}"
        reasons = ", ".join(f"{reason} {number}" for reason, number in count.reasons.most_common())
        found.add_row(kind, str(count.clips), words, str(count.utterances), accepted, share, reasons)
    return found


if __name__ == "__main__":
    main()
