"""What the operator sets for all sessions, and how words are found."""

import os
from dataclasses import dataclass, field

from undertone.words.settings import AsrSettings


@dataclass(frozen=True)
class ServerLimits:
    """What the operator allows: sessions and uploads at once, lengths in seconds, bytes of a frame and of a file."""

    max_sessions: int = 8
    max_uploads: int = 4
    max_session_s: float = 7200.0
    idle_session_s: float = 120.0
    idle_speech_s: float = 5.0  # no audio for so long, and for as long as the last frame lasted, ends an utterance
    max_wait_s: float = 30.0  # audio that waits longer unread means the server cannot keep up
    max_frame_bytes: int = 1 << 20
    max_upload_bytes: int = 1 << 30  # an hour of 48 kHz, stereo, 24-bit
    max_file_s: float = 3600.0
    max_upload_s: float = 600.0  # from its first byte to its last
    upload_grace_s: float = 10.0  # then it must have come at this rate:
    min_upload_bytes_per_s: int = 2000
    provisional_after_ms: int = 1000
    words_timeout_s: float = 10.0
    max_waiting: int = 256  # requests for words; what would wait too long is refused before (serving/workers/queue.py)
    drain_s: float = 15.0
    resume_s: float = 30.0  # a session waits so long for a client whose connection was lost; 0: it ends at once
    max_waiting_sessions: int | None = None  # how many may wait so; None: all of them
    send_timeout_s: float = 30.0  # a client that reads nothing for so long is given up
    max_head_s: float = 10.0  # for the head of a request, from the opening of its connection


MOST_WORKERS = 8  # of those that nobody asked for by number: each holds a model of its own


def worker_per_core() -> int:
    """Return one worker process for each core that this process may use, from 1 to `MOST_WORKERS`."""
    may_use = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(MOST_WORKERS, max(1, len(may_use)))


@dataclass(frozen=True)
class Recognition:
    """How the operator wants words to be found: `asr` None for no recogniser, worker processes for finals and partials.

    `speculation` asks for the words of an utterance before its end is known (undertone/stream/speculation.py).
    """

    asr: AsrSettings | None = field(default_factory=AsrSettings)
    workers: int = field(default_factory=worker_per_core)
    partial_workers: int = 1
    speculation: bool = True
