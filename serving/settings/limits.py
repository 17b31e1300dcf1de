"""What the operator sets for all sessions, and how words are found."""

from dataclasses import dataclass, field

from serving.settings.capacity import cores
from serving.workers.scheduler import QueueLimits
from undertone.words.settings import AsrSettings


@dataclass(frozen=True)
class ServerLimits:
    """What the operator allows: sessions and uploads at once, lengths in seconds, bytes of a frame and of a file.

    `queue` bounds what waits for its words; live moods and partials go before any of that does, see
    serving/workers/pressure.py.
    """

    max_sessions: int = 8
    max_uploads: int = 4
    max_session_s: float = 7200.0
    idle_session_s: float = 120.0
    idle_zeros_s: float = 120.0  # nothing but zeros for so long: a microphone that is switched off
    idle_speech_s: float = 5.0  # no audio for so long, and for as long as the last frame lasted, ends an utterance
    max_utterance_s: float = 30.0  # the longest that a session may ask for: what it holds in memory is as long
    max_wait_s: float = 30.0  # audio that waits longer unread means the server cannot keep up
    max_unread_s: float = 7200.0  # audio that came before its time and waits, most of it on disk; then no more is read
    max_frame_bytes: int = 1 << 20
    max_upload_bytes: int = 1_074_000_000  # an hour of 48 kHz, stereo, 24-bit
    max_file_s: float = 3600.0
    max_upload_s: float = 600.0  # from its first byte to its last
    upload_grace_s: float = 10.0  # then it must have come at this rate:
    min_upload_bytes_per_s: int = 2000
    provisional_after_ms: int = 1000
    words_timeout_s: float = 10.0
    queue: QueueLimits = field(default_factory=QueueLimits)
    drain_s: float = 15.0
    resume_s: float = 30.0  # a session waits so long for a client whose connection was lost; 0: it ends at once
    max_waiting_sessions: int | None = None  # how many may wait so; None: all of them
    send_timeout_s: float = 30.0  # a client that reads nothing for so long is given up
    max_head_s: float = 10.0  # for the head of a request, from the opening of its connection


MOST_WORKERS = 8  # of those that nobody asked for by number: each holds a model of its own


def worker_per_core() -> int:
    """Return one worker process for each core that this process may use, from 1 to `MOST_WORKERS`."""
    return min(MOST_WORKERS, max(1, cores()))


@dataclass(frozen=True)
class Recognition:
    """How the operator wants words to be found: `asr` None for no recogniser, worker processes for finals and partials.

    `speculation` asks for the words of an utterance before its end is known (undertone/stream/speculation.py). A worker
    that takes over `worker_max_mb` megabytes is started anew; `start_all` starts every worker with the server, not when
    it is needed (serving/workers/on_demand.py).
    """

    asr: AsrSettings | None = field(default_factory=AsrSettings)
    workers: int = field(default_factory=worker_per_core)
    partial_workers: int = 1
    speculation: bool = True
    worker_max_mb: int | None = None
    start_all: bool = False
