"""Whether a conversation over a network that breaks is judged as one over a good one: to the digit, words included.

Protocol: a server of its own with the promoted release and tiny.en; the clips of data/samples with a pause after each,
once straight and then through a proxy that cuts the connection hard, both ways, in the midst of frames as well, after
as many bytes as chance gives (one seed for each run). The client is undertone's own, faster than life.

    PYTHONPATH=.:tests python benchmarks/network/cuts.py --seeds 1 2 3
"""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
from material.cutting_proxy import cutting_proxy
from rich.console import Console
from rich.table import Table

from serving.cli.demo_server import DemoServer
from undertone.audio import RATE_HZ, Samples
from undertone.audio_file import read
from undertone.client.stream import Pace, stream

PAUSE_S = 0.8
COMPARED = ("speech.started", "mood", "speech.ended", "utterance.final")
BY_THE_CLOCK = ("timings", "received_ms")


def main() -> None:
    """Print a row for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=Path("data/samples"))
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--asr-model", default="tiny.en", metavar="NAME|none")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--bytes-between", type=int, default=16_000)
    parser.add_argument("--speed", type=float, default=4.0)
    arguments = parser.parse_args()
    options = ("--asr-model", arguments.asr_model, "--asr-timeout-s", "60")
    with DemoServer(arguments.release, Path("logs/cuts-server.log"), options) as server:
        server.wait_until_ready(300)
        report(arguments, server, conversation(arguments.samples))


def conversation(folder: Path) -> Samples:
    """Return all clips of `folder`, each with a pause behind it."""
    pause = np.zeros(int(PAUSE_S * RATE_HZ), np.int16)
    return np.concatenate([np.concatenate([read(path), pause]) for path in sorted(folder.glob("*.flac"))])


def report(arguments: argparse.Namespace, server: DemoServer, spoken: Samples) -> None:
    """Listen without and with cuts, and print what came of it."""
    wanted = heard(spoken, server.ws_url, arguments.speed)
    finals = wanted["utterance.final"]
    title = (
        f"{len(spoken) / RATE_HZ:.0f} s, {len(finals)} utterances, {sum(bool(f['text']) for f in finals)} with words"
    )
    table = Table("seed", "cuts", "connections", "s", "finals as without", "all events as without", title=title)
    for seed in arguments.seeds:
        began_s = time.monotonic()
        with cutting_proxy(server.port, arguments.cuts, arguments.bytes_between, seed) as (proxy, url):
            found = heard(spoken, url, arguments.speed)
        same = sum(one == other for one, other in zip(found["utterance.final"], finals, strict=False))
        took_s = f"{time.monotonic() - began_s:.0f}"
        row = (seed, proxy.cuts, proxy.connections, took_s, f"{same} of {len(finals)}", found == wanted)
        table.add_row(*map(str, row))
    Console(width=120).print(table)


def heard(spoken: Samples, url: str, speed: float) -> dict[str, list[dict[str, Any]]]:
    """Return the events of each kind in their order, without what the clock decides."""

    async def collected() -> list[dict[str, Any]]:
        return [event.message async for event in stream([spoken], url=url, pace=Pace(speed=speed))]

    messages = asyncio.run(collected())
    bare = [{name: value for name, value in message.items() if name not in BY_THE_CLOCK} for message in messages]
    return {kind: [message for message in bare if message["type"] == kind] for kind in COMPARED}


if __name__ == "__main__":
    main()
