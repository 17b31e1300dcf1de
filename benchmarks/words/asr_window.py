"""Word error rate and time of a Whisper in the adaptive window and in the full one, over clips with transcripts.

    python benchmarks/words/asr_window.py --model small.en --clips my/clips

A transcript stands beside its clip (one.flac, one.txt), or all of them in `transcripts.csv`, columns audio,text.
Without clips there are no words to judge, only time, on 3 s of made-up sound; random weights do for that:

    python benchmarks/random_whisper.py build/random_whisper
    python benchmarks/words/asr_window.py --model build/random_whisper --max-new-tokens 12 --no-gates

Both windows take turns in one run, so that a busy machine slows both.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.scoring.word_errors import word_error_rate
from undertone.tables import read_table, read_text
from undertone.words.engines.recogniser import AsrSettings, load_recogniser

WINDOWS = ("adaptive", "full")

Clip = tuple[NDArray[np.int16], str]


def spoken_clips(folder: Path) -> list[Clip]:
    """Return samples and transcript of each clip that has one."""
    table = folder / "transcripts.csv"
    if table.is_file():
        rows = (row.fields for row in read_table(table, ("audio", "text")))
        return [(read(folder / row["audio"]), row["text"]) for row in rows]
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in (".flac", ".wav", ".ogg", ".mp3")]
    clips = [(read(path), read_text(path.with_suffix(".txt"))) for path in found if path.with_suffix(".txt").is_file()]
    if not clips:
        raise SystemExit(f"{folder} has no clip with a .txt beside it and no transcripts.csv")
    return clips


def made_up_clips(count: int, seconds: float) -> list[Clip]:
    """Return noise that has the length of utterances, without words."""
    random = np.random.default_rng(0)
    return [(random.normal(0, 2000, int(seconds * RATE_HZ)).astype(np.int16), "") for _ in range(count)]


def measure(clips: list[Clip], settings: AsrSettings) -> None:
    """Print one row for each window, and how much of the full window's time the adaptive one takes."""
    recognisers = {window: load_recogniser(replace(settings, window=window)) for window in WINDOWS}
    for recogniser in recognisers.values():
        if recogniser.description["engine"] != "faster-whisper":
            raise SystemExit(f"there is no Whisper to measure: {recogniser.description['reason']}")
        recogniser.transcribe(clips[0][0])
    spent_ms: dict[str, list[float]] = {window: [] for window in WINDOWS}
    texts: dict[str, list[str]] = {window: [] for window in WINDOWS}
    again = dict.fromkeys(WINDOWS, 0)
    for samples, _ in clips:
        for window, recogniser in recognisers.items():
            began_s = time.perf_counter()
            heard = recogniser.transcribe(samples)
            spent_ms[window].append(1000 * (time.perf_counter() - began_s))
            texts[window].append(heard.text)
            again[window] += heard.decodings > 1
    said = [text for _, text in clips]
    print(f"{len(clips)} clips, {np.mean([len(samples) for samples, _ in clips]) / RATE_HZ:.1f} s on average")
    print(f"{'window':9} {'WER':>7} {'p50 ms':>7} {'p95 ms':>7} {'decoded twice':>14}")
    for window in WINDOWS:
        rate = f"{word_error_rate(said, texts[window]):7.1%}" if all(said) else "      -"
        p50, p95 = np.percentile(spent_ms[window], [50, 95])
        print(f"{window:9} {rate} {p50:7.0f} {p95:7.0f} {again[window]:14}")
    print(
        f"adaptive takes {np.median(spent_ms['adaptive']) / np.median(spent_ms['full']):.2f} of the time of full (p50)"
    )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description="Word error rate and time at both encoder windows.")
    parser.add_argument("--model", default="tiny.en", help="hub name or folder of a CTranslate2 Whisper")
    parser.add_argument("--clips", type=Path, help="folder of clips with transcripts")
    parser.add_argument("--count", type=int, default=20, help="of made-up clips, without --clips")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a made-up clip")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--window-floor-s", type=float, default=AsrSettings.window_floor_s)
    parser.add_argument("--max-new-tokens", type=int)
    parser.add_argument("--no-gates", action="store_true", help="for random weights: accept, and decode once")
    options = parser.parse_args()
    settings = AsrSettings(
        model=options.model,
        threads=options.threads,
        window_floor_s=options.window_floor_s,
        max_new_tokens=options.max_new_tokens,
        gates=not options.no_gates,
    )
    measure(spoken_clips(options.clips) if options.clips else made_up_clips(options.count, options.seconds), settings)


if __name__ == "__main__":
    main()
