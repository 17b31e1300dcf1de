"""Do recorded sessions replay to the bit when they were heard under load?

Protocol: a server of its own with the release and tiny.en records N sessions at once, in real time but for every
seventh, which is sent at once: the clips of a folder in an order of each session, pauses of 0.1-1.5 s between them,
with mixed settings (endpoint, baseline, partials, redact_text, endpoint_silence_ms), frames of different lengths, a
commit now and then, and one client that vanishes. Then `undertone replay` hears them again, one after the other.

    python benchmarks/recording/replay.py --clips data/samples --sessions 8
"""

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from serving.cli.demo_server import DemoServer
from serving.cli.main import main as undertone
from undertone.audio import RATE_HZ
from undertone.audio_file import read
from undertone.offline import audio_files

CLIPS = 10
COMMITS = 0.003  # of the frames
FRAME_BYTES = (640, 1024, 1366, 2000)


def main() -> int:
    """Record, replay and print; the exit code is that of the replay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=Path("models/promoted"))
    parser.add_argument("--clips", type=Path, default=Path("data/samples"), help="a folder of spoken clips")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--log", type=Path, default=Path("logs/benchmark-server.log"))
    arguments = parser.parse_args()
    clips = [read(path) for path in audio_files(arguments.clips)]
    with TemporaryDirectory() as folder:
        options = ("--record", folder, "--asr-timeout-s", "60", "--max-sessions", str(arguments.sessions))
        with DemoServer(arguments.release, arguments.log, options) as server:
            server.wait_until_ready()
            asyncio.run(all_sessions(server.ws_url, clips, arguments.sessions))
        undertone(["recordings", "list", "--record", folder])
        return undertone(["replay", folder, "--release", str(arguments.release)])


async def all_sessions(url: str, clips: list[np.ndarray], count: int) -> None:
    """Run `count` sessions at once."""
    await asyncio.gather(*(one_session(url, clips, number) for number in range(count)))


async def one_session(url: str, clips: list[np.ndarray], number: int) -> None:
    """Send what session `number` says, and read until the server closes."""
    chosen = random.Random(number)
    pcm = talk(clips, chosen).tobytes()
    async with connect(url, max_size=None, proxy=None) as socket:
        await socket.recv()
        await socket.send(json.dumps({"type": "session.update", "record": True, **settings_of(number)}))
        reading = asyncio.create_task(read_all(socket))
        vanishes_at = 0.7 * len(pcm) if number == 4 else len(pcm)
        began_s, size = asyncio.get_running_loop().time(), chosen.choice(FRAME_BYTES)
        for start in range(0, int(vanishes_at), size):
            due_s = began_s + start / (2 * RATE_HZ) if number % 7 else 0.0
            await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
            await socket.send(pcm[start : start + size])
            if chosen.random() < COMMITS:
                await socket.send('{"type": "utterance.commit"}')
        if number != 4:
            await socket.send('{"type": "session.finish"}')
            await reading


async def read_all(socket: object) -> None:
    """Read what comes until the end."""
    try:
        async for _ in socket:  # type: ignore[attr-defined]
            pass
    except ConnectionClosed:
        pass


def settings_of(number: int) -> dict[str, object]:
    """Return the settings of a session, mixed."""
    return {
        "speaker": f"speaker-{number}",
        "endpoint": "fixed" if number % 3 else "adaptive",
        "baseline": "adaptive" if number % 4 == 1 else "none",
        "redact_text": number % 4 == 2,
        "endpoint_silence_ms": 500 if number % 5 else 300,
        "partials": number % 2 == 0,
    }


def talk(clips: list[np.ndarray], chosen: random.Random) -> np.ndarray:
    """Return clips with pauses between them, (samples,) int16."""
    noise = np.random.default_rng(chosen.randrange(1 << 30))
    parts: list[np.ndarray] = []
    for _ in range(CLIPS):
        pause = noise.normal(0, 8, int(RATE_HZ * chosen.uniform(0.1, 1.5))).astype(np.int16)
        parts += [chosen.choice(clips), pause]
    return np.concatenate(parts)


if __name__ == "__main__":
    sys.exit(main())
