"""What the metrics tell of recordings; they are there, at zero, where nothing is recorded."""

from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

# whole: heard and kept to its end; broken_off: the client was gone, or the session ended otherwise; cut: the store was
# full or away for too long; deleted: while it went on, since the client withdrew its consent or by the operator
Outcome = Literal["whole", "broken_off", "cut", "deleted"]


class Counts:
    """Counters of one API process, also for the thread that writes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.recordings = Counter(
            "undertone_recordings", "Recorded sessions that ended.", ["outcome"], registry=registry
        )
        self.errors = Counter("undertone_recording_errors", "Writes that failed, each try.", registry=registry)
        self.waiting_bytes = Gauge("undertone_recording_waiting_bytes", "What is to be written.", registry=registry)
        self.stored_bytes = Gauge("undertone_recording_stored_bytes", "What the store holds.", registry=registry)
        for outcome in get_args(Outcome):
            self.recordings.labels(outcome)
