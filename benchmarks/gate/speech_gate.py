"""What the speech gate hears: speech by emotion and intensity, noise by kind, and its cost; Silero alone beside it.

Protocol: clips of `ravdess/` as single streams, with the section `vad` of params.yaml and the promoted Silero file.
Heard: at least one utterance. Edges: start of the first and end of the last utterance, before padding, within 150 ms of
the energy envelope of the clip: its 32 ms frames within `edge_drop_db` of the loudest one between 80 and 1000 Hz,
silences under 160 ms bridged, sounds under 160 ms left out (undertone/gate/edges.py says why). Announced: audio time
from the start of that envelope to the frame in which the utterance is announced and the first mood is computed. Silero
alone: the same endpointing with 0.5 and 0.35 and no second ear. Noise: generated clips of 10 s
(training/sounds/noises.py), seeds given on the command line. CPU: whole clips, their silence included, through both,
one thread. The numbers were chosen on actors 1-20 and seeds 1000-1199.

    python benchmarks/gate/speech_gate.py --actors 1-20
    python benchmarks/gate/speech_gate.py --actors 21-24 --seeds 5000-5099
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from training.corpora.ravdess.clips import read_clip
from training.corpora.ravdess.names import clips_in_folder, parse_name
from training.files import CLIPS
from training.params import load_params
from training.sounds.noises import KINDS, noise
from undertone.audio import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Samples, to_float, to_int16
from undertone.gate.ears import Ear
from undertone.gate.edges import SHORTEST_SOUND_FRAMES, level_db, sounding
from undertone.gate.endpointer import Endpointer
from undertone.gate.hearing import Ended, Hearing, Started
from undertone.gate.listener import MAX_UTTERANCE_MS, Listener
from undertone.gate.settings import VadSettings, vad_settings
from undertone.gate.silero import SileroModel

TOLERANCE_MS = 150
silero = SileroModel(Path("models/promoted/silero_vad.onnx"))
Event = tuple[Started | Ended, int]  # and the sample at which it was known


@dataclass(frozen=True)
class Row:
    """How one clip was heard: `start_ms`, `end_ms` are errors of the edges, `delay_ms` until the announcement."""

    group: str
    silero: bool
    start_ms: float | None
    end_ms: float | None
    delay_ms: float | None
    early_ms: float | None  # error of the start that was announced, before the whole utterance was known
    others: dict[str, bool]  # whether the edges also agree with other envelopes

    @property
    def placed(self) -> bool:
        """Whether the clip was heard with both edges within the tolerance."""
        return self.start_ms is not None and max(abs(self.start_ms), abs(self.end_ms or 0)) <= TOLERANCE_MS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", type=span, default=range(1, 21))
    parser.add_argument("--seeds", type=span, default=range(0))
    arguments = parser.parse_args()
    vad, console = vad_settings(load_params()["vad"]), Console()
    names = [name for name in sorted(clips_in_folder(CLIPS)) if parse_name(name).actor in arguments.actors]
    rows = [row(name, vad) for name in names]
    console.print(speech_table(rows), envelope_table(rows))
    if arguments.seeds:
        console.print(noise_table(vad, arguments.seeds))
    console.print(cost_table(names, vad))


def span(text: str) -> range:
    """Return the numbers of `3-7`, both ends included."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def frames_of(samples: Samples) -> Iterator[tuple[Samples, int]]:
    """Yield each frame of a clip, (512,), the last padded with silence, and where it begins."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    for start in range(0, len(padded), FRAME_SAMPLES):
        yield padded[start : start + FRAME_SAMPLES], start


def gate_events(samples: Samples, vad: VadSettings) -> list[Event]:
    """Return what a session finds in a clip and when."""
    listener = Listener(silero, vad, vad.endpoint_silence_ms, MAX_UTTERANCE_MS)
    events = [
        (event, start + FRAME_SAMPLES) for frame, start in frames_of(samples) for event in listener.hear(frame, start)
    ]
    last = listener.end_now(len(samples), "finish")
    return [*events, (last, len(samples))] if last else events


def silero_events(samples: Samples, vad: VadSettings) -> list[Event]:
    """Return what Silero alone finds, without a second ear, evidence, doubt or edges by level."""
    alone = replace(vad, threshold=0.5, release_threshold=0.35, doubt=2.0, evidence=np.inf, edge_floor_db=np.inf)
    ear, endpointer = Ear(silero), Endpointer(alone, vad.endpoint_silence_ms, MAX_UTTERANCE_MS)
    events = []
    for frame, start in frames_of(samples):
        probability = float(ear.hear(to_float(frame))[0])
        found = endpointer.feed(Hearing(probability, 0.0, 0.0), start)
        events += [(event, start + FRAME_SAMPLES) for event in found]
        if any(isinstance(event, Ended) for event in found):
            ear.reset()
    return events


def row(name: str, vad: VadSettings) -> Row:
    """Listen to one clip both ways."""
    clip, samples = parse_name(name), to_int16(read_clip(name))
    group, alone = f"{clip.emotion}, {clip.intensity}", bool(silero_events(samples, vad))
    events = gate_events(samples, vad)
    started = [(event, at) for event, at in events if isinstance(event, Started)]
    ended = [event for event, _ in events if isinstance(event, Ended)]
    if not started:
        return Row(group, alone, None, None, None, None, dict.fromkeys(ENVELOPES, False))
    edges = ended[0].speech_start, ended[-1].speech_end
    start, end = envelope(samples, drop_db=vad.edge_drop_db)
    others = {
        title: max(abs(a - b) for a, b in zip(edges, find(samples), strict=True)) <= SAMPLES_PER_MS * TOLERANCE_MS
        for title, find in ENVELOPES.items()
    }
    errors = (edges[0] - start) / SAMPLES_PER_MS, (edges[1] - end) / SAMPLES_PER_MS
    return Row(group, alone, *errors, (started[0][1] - start) / 16, (started[0][0].speech_start - start) / 16, others)


def envelope(
    samples: Samples, drop_db: float, low_hz: int = 80, high_hz: int = 1000, shortest_ms: int = 160
) -> list[int]:
    """Return the first and last sample of the energy envelope; in the gate's band exactly undertone/gate/edges.py."""
    frames = np.array([frame for frame, _ in frames_of(samples)], dtype=np.float64)
    if (low_hz, high_hz) == (80, 1000):
        levels = np.array([level_db(frame) for frame in frames.astype(np.int16)])
    else:
        spectrum = np.fft.rfft(frames * np.hanning(FRAME_SAMPLES))
        hz = np.fft.rfftfreq(FRAME_SAMPLES, 1 / RATE_HZ)
        levels = 10 * np.log10(np.square(np.abs(spectrum[:, (hz >= low_hz) & (hz <= high_hz)])).sum(axis=1) + 1e-3)
    found = sounding(levels.tolist(), levels.max() - drop_db) if shortest_ms >= 160 else None
    loud = np.flatnonzero(levels >= levels.max() - drop_db)
    first, last = found or (int(loud[0]), int(loud[-1]) + 1)
    return [first * FRAME_SAMPLES, min(last * FRAME_SAMPLES, len(samples))]


ENVELOPES: dict[str, Callable[[Samples], list[int]]] = {
    "20 dB, 80-1000 Hz": lambda samples: envelope(samples, 20),
    "25 dB, 80-1000 Hz (the definition)": lambda samples: envelope(samples, 25),
    "30 dB, 80-1000 Hz": lambda samples: envelope(samples, 30),
    "35 dB, 80-1000 Hz": lambda samples: envelope(samples, 35),
    "25 dB, 80-1000 Hz, every sound however short": lambda samples: envelope(samples, 25, shortest_ms=32),
    "25 dB, 80-4000 Hz": lambda samples: envelope(samples, 25, high_hz=4000),
    "25 dB, full band": lambda samples: envelope(samples, 25, low_hz=0, high_hz=8000),
}


def speech_table(rows: list[Row]) -> Table:
    """Return what was heard of each emotion and intensity."""
    table = Table(title=f"{len(rows)} clips; envelopes of {SHORTEST_SOUND_FRAMES * 32} ms and more")
    for column in (
        "emotion, intensity",
        "clips",
        "Silero alone",
        "gate",
        "edges within 150 ms",
        "announced p50 / p95 / max ms",
    ):
        table.add_column(column, justify="left" if column.startswith("emotion") else "right")
    table.add_column("over 500 ms", justify="right")
    for group in [*sorted({row.group for row in rows}), "all"]:
        chosen = [row for row in rows if group in (row.group, "all")]
        delays = np.array([row.delay_ms for row in chosen if row.delay_ms is not None])
        placed, p50, p95 = sum(row.placed for row in chosen), *np.percentile(delays, [50, 95])
        heard = (sum(row.silero for row in chosen), len(delays), f"{placed} ({placed / len(chosen):.2%})")
        cells = (group, len(chosen), *heard, f"{p50:.0f} / {p95:.0f} / {delays.max():.0f}", int((delays > 500).sum()))
        table.add_row(*map(str, cells))
    early = np.array([row.early_ms for row in rows if row.early_ms is not None])
    table.caption = (
        f"start as announced, before the end was known: {np.mean(np.abs(early) <= TOLERANCE_MS):.2%} within 150 ms"
    )
    return table


def envelope_table(rows: list[Row]) -> Table:
    """Return how far the edges agree with envelopes of other definitions."""
    table = Table("envelope", "heard with both edges within 150 ms", title="the same edges against other envelopes")
    for title in ENVELOPES:
        table.add_row(title, f"{np.mean([row.others[title] for row in rows]):.2%}")
    return table


def noise_table(vad: VadSettings, seeds: range) -> Table:
    """Return the false utterances in `seeds` of each kind of noise."""
    table = Table("noise", "clips", "utterances, gate", "clips, gate", "utterances, Silero", "clips, Silero")
    totals = np.zeros(5, dtype=int)
    for kind in KINDS:
        counts = np.array([[len(seeds), 0, 0, 0, 0]])[0]
        for seed in seeds:
            samples = noise(kind, seed)
            for place, events in ((1, gate_events(samples, vad)), (3, silero_events(samples, vad))):
                found = sum(isinstance(event, Started) for event, _ in events)
                counts[place : place + 2] += (found, found > 0)
        totals += counts
        table.add_row(kind, *map(str, counts))
    table.add_row("all", *map(str, totals))
    per_100 = 100 * totals[[2, 4]] / totals[0]
    table.caption = f"clips with an utterance, of 100: gate {per_100[0]:.2f}, Silero alone {per_100[1]:.2f}"
    return table


def cost_table(names: list[str], vad: VadSettings) -> Table:
    """Return CPU per frame of Silero alone and of all that hears, the endpointer included, over whole clips in turn.

    Clip by clip, since the gate spends where there is something to doubt: the figures are of clips, not of frames.
    """
    clips = [to_int16(read_clip(name)) for name in names[:: max(1, len(names) // 100)]]
    ear, listener = Ear(silero), Listener(silero, vad, vad.endpoint_silence_ms, MAX_UTTERANCE_MS)
    alone = timed(lambda frame, _: ear.hear(to_float(frame)), clips)
    whole = timed(listener.hear, clips)
    table = Table(title="cost; one thread, CPU time of the thread")
    for column in ("CPU per 32 ms frame (ms)", "p5", "p50", "p95", "mean"):
        table.add_column(column, justify="left" if column.startswith("CPU") else "right")
    rows = {"Silero alone": alone, "speech gate, Silero included": whole, "what the gate adds": whole - alone}
    for title, values in rows.items():
        table.add_row(title, *(f"{value:.3f}" for value in (*np.percentile(values, [5, 50, 95]), values.mean())))
    table.caption = f"{len(clips)} clips; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return table


def timed(hear: Callable[[Samples, int], object], clips: list[Samples]) -> NDArray[np.float64]:
    """Return the mean CPU time of a frame of each clip, in ms; the clips follow each other in one stream."""
    times, position = [], 0
    for clip in clips:
        frames = [frame for frame, _ in frames_of(clip)]
        began_s = time.thread_time()
        for frame in frames:
            hear(frame, position)
            position += FRAME_SAMPLES
        times.append(1000 * (time.thread_time() - began_s) / len(frames))
    return np.array(times)


if __name__ == "__main__":
    main()
