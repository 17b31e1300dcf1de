"""How well the speech gate hears meetings, frame by frame, against the turns of their speakers; Silero alone beside it.

Protocol: each clip of `UNDERTONE_DATA/real/meetings/` is one stream, in frames of 32 ms, with the section `vad` of
params.yaml and the promoted Silero file. A frame is speech if a turn of anybody in turns.csv covers its middle; turns
bridge short pauses, so that no gate that hears pauses can agree with all of them. Three answers are compared with that:
what is kept (from start to end of the utterances, their padding included), the state while it is heard (an utterance is
under way, announced or not, its last silence included), and Silero at 0.5 frame by frame.

    python benchmarks/gate/meetings.py
"""

import os
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from training.params import load_params
from undertone.audio import FRAME_SAMPLES, RATE_HZ, Samples, to_float
from undertone.audio_file import read
from undertone.gate.ears import Ear
from undertone.gate.hearing import Ended
from undertone.gate.listener import MAX_UTTERANCE_MS, Listener
from undertone.gate.settings import VadSettings, vad_settings
from undertone.gate.silero import SileroModel
from undertone.tables import read_table

KEPT, STATE, SILERO = "kept as utterances", "under way while heard", "Silero at 0.5"
Frames = NDArray[np.bool_]


def main() -> None:
    """Measure and print."""
    folder = Path(os.environ["UNDERTONE_DATA"]) / "real" / "meetings"
    vad, silero = vad_settings(load_params()["vad"]), SileroModel(Path("models/promoted/silero_vad.onnx"))
    found = Table(title="frames of 32 ms against the speakers' turns")
    for column in ("clip", "answer", "accuracy", "recall", "precision"):
        found.add_column(column, justify="left" if column in ("clip", "answer") else "right")
    totals: dict[str, list[tuple[Frames, Frames]]] = defaultdict(list)
    for clip, turns in read_turns(folder / "turns.csv").items():
        samples = read(folder / f"{clip}.flac")
        for answer, heard in answers(samples, silero, vad).items():
            spoken = covered(turns, len(heard))
            totals[answer].append((spoken, heard))
            found.add_row(clip, answer, *agreement(spoken, heard))
    for answer, pairs in totals.items():
        found.add_row("all", answer, *agreement(*(np.concatenate(frames) for frames in zip(*pairs, strict=True))))
    Console().print(found)


def read_turns(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the turns of each clip, start and end in seconds."""
    turns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in read_table(path, ("clip", "start_s", "end_s")):
        turns[row.fields["clip"]].append((float(row.fields["start_s"]), float(row.fields["end_s"])))
    return turns


def covered(turns: list[tuple[float, float]], frames: int) -> Frames:
    """Return which of the frames have their middle in a turn."""
    middle_s = (np.arange(frames) + 0.5) * FRAME_SAMPLES / RATE_HZ
    return np.any([(start_s <= middle_s) & (middle_s < end_s) for start_s, end_s in turns], axis=0)


def answers(samples: Samples, silero: SileroModel, vad: VadSettings) -> dict[str, Frames]:
    """Return which frames of a clip each of the three takes for speech."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    listener, ear = Listener(silero, vad, vad.endpoint_silence_ms, MAX_UTTERANCE_MS), Ear(silero)
    heard = {answer: np.zeros(len(padded) // FRAME_SAMPLES, dtype=bool) for answer in (KEPT, STATE, SILERO)}
    ended: list[Ended | None] = []
    for place, start in enumerate(range(0, len(padded), FRAME_SAMPLES)):
        frame = padded[start : start + FRAME_SAMPLES]
        ended += [event for event in listener.hear(frame, start) if isinstance(event, Ended)]
        heard[STATE][place] = listener.in_speech
        heard[SILERO][place] = ear.hear(to_float(frame))[0] >= 0.5
    for event in filter(None, [*ended, listener.end_now(len(samples), "finish")]):
        heard[KEPT][event.start // FRAME_SAMPLES : -(-event.end // FRAME_SAMPLES)] = True
    return heard


def agreement(spoken: Frames, heard: Frames) -> tuple[str, ...]:
    """Return accuracy, recall and precision."""
    both = (spoken & heard).sum()
    values = (spoken == heard).mean(), both / spoken.sum(), both / heard.sum()
    return tuple(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main()
