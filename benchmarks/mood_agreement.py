"""Does the live mood foretell the verdict? Clips of the test actors through a session, as the service hears them.

Counts on how many clips the last mood and the utterance's audio sentiment name the same label, how many labels change
on the way, and how long after the start of speech the first mood comes (in audio; the wall clock adds milliseconds).

    python benchmarks/mood_agreement.py --release models/release
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from training.corpora.ravdess.clips import load_features, read_clip
from training.params import load_params
from undertone.audio import RATE_HZ, to_int16
from undertone.labels import LABELS
from undertone.release import load_engine
from undertone.stream.session import Session, Utterance

SILENCE_AFTER_S = 1.0  # so that every clip ends by silence


def listen(session: Session, name: str) -> tuple[list[dict], list[Utterance]]:
    """Return the messages and the utterances of one clip."""
    pcm = to_int16(read_clip(name))
    pcm = np.concatenate([pcm, np.zeros(int(SILENCE_AFTER_S * RATE_HZ), np.int16)])
    outputs = [*session.feed(pcm.tobytes()), *session.finish()]
    return [o for o in outputs if isinstance(o, dict)], [o for o in outputs if isinstance(o, Utterance)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/release"))
    parser.add_argument("--actors", type=int, nargs="+", default=load_params()["split"]["test_actors"])
    arguments = parser.parse_args()
    engine = load_engine(arguments.release)
    same, changes, first_ms, unheard, judged = 0, [], [], [], 0
    for clip in load_features():
        if clip.actor not in arguments.actors:
            continue
        messages, utterances = listen(Session(engine), clip.name)
        unheard += [] if utterances else [clip.name]
        for utterance in utterances:
            own = [m for m in messages if m.get("utterance_id") == utterance.utterance_id]
            moods = [m["audio_sentiment"]["label"] for m in own if m["type"] == "mood"]
            started = next(m for m in own if m["type"] == "speech.started")
            first_ms += [next(m for m in own if m["type"] == "mood")["end_ms"] - started["speech_start_ms"]]
            changes.append(sum(a != b for a, b in pairwise(moods)))
            same += moods[-1] == LABELS[int(engine.voice(utterance.samples).audio.argmax())]
            judged += 1
    table = Table("what", "value", title=f"clips of actors {', '.join(map(str, arguments.actors))}")
    table.add_row("utterances", str(judged))
    table.add_row("clips without an utterance", ", ".join(unheard) or "none")
    table.add_row("last mood names the utterance's label", f"{same / judged:.1%}")
    table.add_row("changes of label per utterance, mean", f"{np.mean(changes):.2f}")
    table.add_row(
        "first mood after speech start, ms of audio, p50 / p95 / max",
        " / ".join(f"{value:.0f}" for value in np.quantile(first_ms, (0.5, 0.95, 1.0))),
    )
    Console().print(table)


if __name__ == "__main__":
    main()
