"""When an utterance is over: after 300 ms of silence, after 500 ms, or when its words say so.

Protocol: tracks of sentences with pauses inside and between at known places (benchmarks/gate/pause_material.py), each
heard frame by frame by a session with the promoted release and tiny.en. A word takes the CPU time that the recogniser
needed for it, measured once and the same for every row; the stream gets it with the first frame that is whole after
that. A final is
there when its words and its voice are. Times count from the last speech sample, over the sentences that end where they
should. A sentence is cut where an utterance ends inside it, joined where none ends before the next begins. Sentences of
the half "report" are not among those that anything was chosen on.

    python benchmarks/gate/endpoint.py --ravdess ../shared/data/ravdess
"""

import argparse
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pause_material import Track, espeak, hibari, joined, lines, spoken, voiced
from rich.console import Console
from rich.table import Table

from training.params import load_params
from undertone.audio import FRAME_SAMPLES, SAMPLES_PER_MS, Samples
from undertone.audio_file import read
from undertone.release import Release, open_release
from undertone.stream.session import Session
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import Speculation, Stretch, Utterance, Withdrawn
from undertone.words.engines.recogniser import load_recogniser
from undertone.words.reading import Words
from undertone.words.reading import read as read_words
from undertone.words.settings import AsrSettings
from undertone.words.transcript import Sound

EARLY_MS, LATE_MS = 450, 700  # decided so long after the last speech sample
WAYS: dict[str, dict[str, object]] = {
    "fixed 300": {"endpoint_silence_ms": 300},
    "fixed 500": {},
    "adaptive": {"endpoint": "adaptive"},
}


def main() -> None:
    """Speak, listen, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("chosen", "report"), default="report")
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--clips", type=int, default=40, help="of RAVDESS, of the test actors")
    arguments = parser.parse_args()
    tracks = material(arguments.half, arguments.ravdess, arguments.clips)
    release, times = open_release("models/promoted"), WordTimes()
    table = Table(title=f"half {arguments.half}; ms after the last speech sample, p50 / p95")
    for column in (
        "track",
        "endpoint",
        "sentences",
        "decided",
        "final",
        "cut",
        "joined",
        f"< {EARLY_MS}",
        f"> {LATE_MS}",
    ):
        table.add_column(column, justify="left" if column in ("track", "endpoint") else "right")
    totals = {way: Figures() for way in WAYS}
    for name, track in tracks.items():
        for way, settings in WAYS.items():
            print(f"{name}, {way}", flush=True)
            own = Figures()
            own.add(track, heard(track, release, times, settings))
            totals[way].join(own)
            table.add_row(name, way, *own.cells())
    for way, total in totals.items():
        table.add_row("all", way, *total.cells())
    Console(width=120).print(table)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    spent = [1000 * seconds for _, seconds in times.known.values()]
    print(f"words, ms of CPU, p50 / p95: {spread(spent)}; load {load}")


def material(half: str, ravdess: Path, clips: int) -> dict[str, Track]:
    """Return the tracks by name; no RAVDESS where its folder is not there."""
    sentences = lines(half)
    found = {
        "hibari-tts": joined(spoken(sentences, hibari()), seed=0),
        "espeak-ng": joined(spoken(sentences, espeak), seed=1),
    }
    acted = [path for actor in load_params()["split"]["test_actors"] for path in ravdess.glob(f"Actor_{actor:02d}/*")]
    if acted:
        chosen = random.Random(0).sample(sorted(acted), clips)
        found["RAVDESS"] = joined([[voiced(read(path))] for path in chosen], seed=2)
    return found


@dataclass
class WordTimes:
    """Finds words, each once, and keeps how many seconds of CPU they took."""

    known: dict[bytes, tuple[Words, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._recogniser = load_recogniser(AsrSettings())

    def of(self, stretch: Stretch) -> tuple[Words, float]:
        """Return the words of `stretch` and the seconds."""
        key = stretch.samples.tobytes()
        if key not in self.known:
            began_s = time.process_time()
            sound = Sound(stretch.samples, None, stretch.speech_ms, stretch.speech_prob)
            transcript = self._recogniser.transcribe_all([sound])[0]
            self.known[key] = read_words(transcript, None), time.process_time() - began_s
        return self.known[key]


@dataclass(frozen=True)
class Endpoint:
    """Where an utterance was found to be over, and when its final was there, in samples."""

    decided: int
    final: float


def heard(track: Track, release: Release, times: WordTimes, settings: Mapping[str, object]) -> list[Endpoint]:
    """Return the endpoints of a session with `settings` over `track`."""
    session = Session(release, SessionSettings(mood_interval_ms=2000).updated(settings), speculates=True)
    asked: tuple[Speculation, float] | None = None  # and when its words are there
    found = []
    for start in range(0, len(track.samples) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        if asked and start + FRAME_SAMPLES >= asked[1]:
            session.hint(asked[0], times.of(asked[0])[0])
        for output in session.feed(track.samples[start : start + FRAME_SAMPLES].tobytes()):
            now = session.heard_samples
            if isinstance(output, Speculation):
                asked = output, now + samples_of(times.of(output)[1])
            elif isinstance(output, Withdrawn):
                asked = None
            elif isinstance(output, Utterance):
                holds = asked if output.speculation_lead_ms is not None else None
                words_at = holds[1] if holds else now + samples_of(times.of(output)[1])
                found.append(Endpoint(now, max(words_at, now + voice_samples(release, output.samples))))
                asked = None
    return found


def voice_samples(release: Release, samples: Samples) -> float:
    """Return how long the voice takes to be heard, CPU time in samples."""
    began_s = time.process_time()
    release.voice(samples)
    return samples_of(time.process_time() - began_s)


def samples_of(seconds: float) -> float:
    """Return `seconds` in samples."""
    return seconds * 1000 * SAMPLES_PER_MS


@dataclass
class Figures:
    """What came of sentences: ms from their last speech sample to decision and final, how many were cut and joined."""

    decided: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    sentences: int = 0
    cut: int = 0
    joined: int = 0

    def add(self, track: Track, endpoints: list[Endpoint]) -> None:
        """Count the sentences of `track`."""
        starts = [start for start, _ in track.sentences]
        for (start, end), following in zip(track.sentences, [*starts[1:], len(track.samples)], strict=True):
            after = [endpoint for endpoint in endpoints if end <= endpoint.decided < following]
            self.sentences += 1
            self.cut += any(start < endpoint.decided < end for endpoint in endpoints)
            self.joined += not after
            self.decided += [(endpoint.decided - end) / SAMPLES_PER_MS for endpoint in after[:1]]
            self.final += [(endpoint.final - end) / SAMPLES_PER_MS for endpoint in after[:1]]

    def join(self, other: "Figures") -> None:
        """Take those of `other` in as well."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def cells(self) -> tuple[str, ...]:
        """Return them for a row of the table."""
        early, late = sum(wait < EARLY_MS for wait in self.decided), sum(wait > LATE_MS for wait in self.decided)
        counts = (str(count) for count in (self.cut, self.joined, early, late))
        return str(self.sentences), spread(self.decided), spread(self.final), *counts


def spread(values: list[float]) -> str:
    """Return median and 95th percentile: `spread([100.0, 300.0])` is "200 / 290"."""
    return f"{np.median(values):.0f} / {np.percentile(values, 95):.0f}" if values else "-"


if __name__ == "__main__":
    main()
