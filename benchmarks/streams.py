"""How many people one server hears at once: paced sessions of held-out speech, and where the CPU time goes.

Protocol: a server of its own with the promoted release and tiny.en, all of its workers started; sessions in another
process, in real time, each with a seeded track of clips of the test actors, cut to their speech (about 2 s), one every
4 s, the sessions spread evenly over those 4 s. TTFS counts from when the frame with the last speech sample was due to
be sent until the final is received (it holds the endpoint's silence of 500 ms), TTFM from the start of the speech to
the first mood; p50 / p95 / p99. Lag is what the server's own `event_loop_lag_seconds` grew by. CPU ms are
those of all processes of the server, of its API process and of the load generator, which takes its share of the
machine, for a second of one session: they tell two versions apart on a busy machine too. MB each is what the API
process grew by for a session; one session before all others takes what is taken once.

    python benchmarks/streams.py --sessions 24 32 40 --seconds 40 --json streams.json
    python benchmarks/streams.py --sessions 128 --no-asr
    python benchmarks/streams.py --sessions 32 -- --asr-workers 2 --partial-workers 0
    python benchmarks/streams.py --ramp --card capacity.json        # the largest number within the budget
    undertone serve --capacity capacity.json                        # admits so many
"""

import argparse
import json
import multiprocessing
import os
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from load.figures import COLUMNS, Figures, Load, figures, row
from load.observed import Memory, observed
from load.ramp import Budget, largest, processor, within, write_card
from load.sessions import generate, tracks
from rich.console import Console
from rich.table import Table
from spoken_track import Track

from serving.cli.demo_server import DemoServer


def main() -> None:
    """Measure each number of sessions, or find the largest, and print the table."""
    arguments = parsed()
    budget = Budget(arguments.budget_mood_ms, arguments.budget_final_ms, 1.0 if arguments.no_asr else 0.01)
    bench = Bench(arguments)
    if arguments.ramp:
        measured = largest(bench.measured, budget)
        finish(arguments, bench, measured, budget)
    else:
        measured = [bench.measured(sessions) for sessions in arguments.sessions]
    print_table(arguments.seconds, measured)
    if arguments.json:
        about = {"cores": os.cpu_count(), "machine": processor(), "load": os.getloadavg(), **bench.about}
        arguments.json.write_text(json.dumps({**about, "loads": measured}, indent=2) + "\n")


def parsed() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--ravdess", type=Path, default=Path("ravdess"))
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    parser.add_argument("--sessions", type=int, nargs="+", default=[24, 32, 40])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--chunk-ms", type=int, default=32, help="length of a frame")
    parser.add_argument("--no-asr", action="store_true", help="without a recogniser: the voice alone")
    parser.add_argument("--ramp", action="store_true", help="find the largest number of sessions within the budget")
    parser.add_argument("--budget-mood-ms", type=float, default=400.0, help="TTFM, p95")
    parser.add_argument("--budget-final-ms", type=float, default=1200.0, help="TTFS, p95")
    parser.add_argument("--card", type=Path, help="write what the ramp found there, for `undertone serve --capacity`")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("options", nargs="*", help="of the server, after --")
    return parser.parse_args()


class Bench:
    """Runs a load on a server of its own; `about` says what that server served."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self.about: dict[str, Any] = {}

    def measured(self, sessions: int) -> Figures:
        """Return the figures of so many sessions."""
        spoken = tracks(self._arguments.ravdess, sessions, self._arguments.seconds)
        return figures(self._loaded(spoken))

    def _loaded(self, spoken: Sequence[Track]) -> Load:
        asked, memory = self._arguments, Memory()
        options = ["--max-sessions", str(len(spoken)), "--start-workers", "all"]
        options += [*(["--asr-model", "none"] if asked.no_asr else []), *asked.options]
        spawn = multiprocessing.get_context("spawn")
        with DemoServer(asked.release, asked.log, options) as server, ProcessPoolExecutor(1, spawn) as generator:
            server.wait_until_ready(600)
            self._ask(server)
            generator.submit(generate, tracks(asked.ravdess, 1, 0), server.ws_url, asked.chunk_ms).result()  # warms up
            with memory.watched(server):
                before, began_s = observed(server), time.monotonic()
                heard = generator.submit(generate, spoken, server.ws_url, asked.chunk_ms).result()
                lasted_s, after = time.monotonic() - began_s, observed(server)
        return Load(spoken, heard, before, after, memory, lasted_s)

    def _ask(self, server: DemoServer) -> None:
        with urllib.request.urlopen(f"{server.url}/info", timeout=10) as response:
            model = json.load(response)["model"]
        asr = model["asr"]
        self.about = {"release": model["release"]["version"], "recogniser": asr.get("model") or asr["engine"]}


def finish(arguments: argparse.Namespace, bench: Bench, measured: Sequence[Figures], budget: Budget) -> None:
    """Say what the ramp found, and write the card."""
    carried = within(measured, budget)
    if carried is None:
        raise SystemExit(f"no number of sessions keeps within {budget}")
    print(f"{carried['sessions']} sessions are the most that were measured within {budget}")
    if arguments.card:
        write_card(arguments.card, bench.about["recogniser"], bench.about["release"], carried, budget)


def print_table(seconds: float, measured: Sequence[Figures]) -> None:
    """Print a row for each number of sessions, and why finals had no words."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    table = Table(title=f"{seconds:g} s, {os.cpu_count()} cores, load afterwards {load}")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for one in measured:
        table.add_row(*row(one))
    Console(width=170).print(table)
    for one in measured:
        told = {name: one[name] for name in ("without_words", "why_lost", "speculations") if one[name]}
        print(f"{one['sessions']} sessions:", "; ".join(f"{name} {value}" for name, value in told.items()))


if __name__ == "__main__":
    main()
