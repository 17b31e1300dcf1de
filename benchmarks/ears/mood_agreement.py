"""Does the live mood foretell the verdict? Clips of the test actors through a session, as the service hears them.

Counts on how many clips the last mood and the utterance's audio sentiment name the same label, how many labels change
on the way, and how long after the start of speech the first mood comes (in audio; the wall clock adds milliseconds).

    python benchmarks/ears/mood_agreement.py --release models/release
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
from undertone.release import open_release
from undertone.stream.events import Mood, SpeechStarted
from undertone.stream.session import Output, Session
from undertone.stream.utterance import Utterance

SILENCE_AFTER_S = 1.0  # so that every clip ends by silence


def listen(session: Session, name: str) -> tuple[list[Output], list[Utterance]]:
    """Return all that comes of one clip, and its utterances."""
    pcm = to_int16(read_clip(name))
    pcm = np.concatenate([pcm, np.zeros(int(SILENCE_AFTER_S * RATE_HZ), np.int16)])
    outputs = [*session.feed(pcm.tobytes()), *session.finish()]
    return outputs, [o for o in outputs if isinstance(o, Utterance)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/release"))
    parser.add_argument("--actors", type=int, nargs="+", default=load_params()["split"]["test_actors"])
    arguments = parser.parse_args()
    release = open_release(arguments.release)
    same, changes, first_ms, unheard, judged = 0, [], [], [], 0
    for clip in load_features():
        if clip.actor not in arguments.actors:
            continue
        outputs, utterances = listen(Session(release), clip.name)
        unheard += [] if utterances else [clip.name]
        for utterance in utterances:
            number = utterance.utterance_id
            moods = [o for o in outputs if isinstance(o, Mood) and o.utterance_id == number]
            started = next(o for o in outputs if isinstance(o, SpeechStarted) and o.utterance_id == number)
            first_ms.append(moods[0].end_ms - started.speech_start_ms)
            changes.append(sum(a.label != b.label for a, b in pairwise(moods)))
            same += moods[-1].label == LABELS[int(release.voice(utterance.samples).audio.argmax())]
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
