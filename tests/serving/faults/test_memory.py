"""Memory of a server that runs on: what came is let go of. For hours of it: `benchmarks/faults/flat_memory.py`."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from material.server_processes import api_process_of
from material.wire import stream

from undertone.audio_file import read

MB = 1e6


@pytest.fixture(scope="module")
def clip(samples):
    return samples / "01_glad.flac"


def use(server, clip, rounds):
    """Send `rounds` times ten sessions and two uploads, and a session of `rounds` times as long a speech."""
    pcm, content = read(clip).tobytes() + bytes(32_000), clip.read_bytes()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(rounds):
            list(pool.map(lambda _: stream(server.ws_url, pcm, 32_000), range(10)))
            list(pool.map(lambda _: httpx.post(server.url + "/predict", content=content, timeout=60), range(2)))
    stream(server.ws_url, 10 * rounds * pcm, 32_000)


def test_sessions_and_uploads_leave_no_memory_behind(server, clip):
    process = api_process_of(server)
    use(server, clip, rounds=2)
    before, grown = process.memory_info().rss, []
    # What is never let go of grows by as much each time; a heap that found its size only now does so once.
    while not grown or (grown[-1] >= 0.05 * before + 5 * MB and len(grown) < 2):
        start = process.memory_info().rss
        use(server, clip, rounds=3)
        grown.append(process.memory_info().rss - start)
    assert grown[-1] < 0.05 * before + 5 * MB, f"{[round(more / MB, 1) for more in grown]} MB on {before / MB:.0f}"
