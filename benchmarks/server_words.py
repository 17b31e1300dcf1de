"""Word error rate through the running server: tiny.en, or another Whisper, on every clip of the test actors.

Protocol: clips of the test actors, each in a session of its own with 1.5 s of silence after it, sent in real time by
`--sessions` sessions side by side, or as fast as the server takes them with `--no-pace`; the texts of all finals of a
clip, one after the other, against the statement that is said. A server of its own with the promoted release, with and
without speculation.

    python benchmarks/server_words.py
"""

import argparse
import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from speculation import held_out
from spoken_track import track
from utterance_latency import CHUNK_MS, finals

from serving.cli.demo_server import DemoServer
from training.corpora.ravdess.names import STATEMENTS, parse_name
from training.params import load_params
from undertone.audio_file import read
from undertone.client.stream import stream
from undertone.client.timing import MAX_SPEED, Pace
from undertone.scoring.word_errors import word_error_rate


def main() -> None:
    """Stream all clips, twice, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--pace", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    paths = held_out(arguments.ravdess, load_params()["split"]["test_actors"], arguments.clips)
    said = [STATEMENTS[parse_name(path.stem).statement] for path in paths]
    table = Table("speculation", "WER", "finals", "fused", title=f"{len(paths)} held-out clips, {arguments.model}")
    for switch in ("off", "on"):
        options = ("--asr-model", arguments.model, "--asr-timeout-s", "60", "--speculation", switch)
        with DemoServer(arguments.release, arguments.log, options) as server:
            server.wait_until_ready()
            of_clip = asyncio.run(all_finals(paths, server.ws_url, arguments.sessions, arguments.pace))
        heard = [" ".join(final["text"] or "" for final in own) for own in of_clip]
        modes = Counter(final["mode"] for own in of_clip for final in own)
        table.add_row(switch, f"{word_error_rate(said, heard):.2%}", str(modes.total()), str(modes["fused"]))
    Console().print(table)


async def all_finals(paths: list[Path], url: str, sessions: int, paced: bool) -> list[list[dict[str, Any]]]:
    """Return the finals of each clip, `sessions` of them under way at once."""
    free = asyncio.Semaphore(sessions)

    pace = Pace(CHUNK_MS, speed=1.0 if paced else MAX_SPEED)

    async def heard(path: Path) -> list[dict[str, Any]]:
        sound = track([read(path)]).samples
        async with free, contextlib.aclosing(stream([sound], url=url, pace=pace)) as events:
            return finals([event async for event in events])

    return await asyncio.gather(*map(heard, paths))


if __name__ == "__main__":
    main()
