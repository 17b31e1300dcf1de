"""Whether a key may have more: sessions at once, connections a minute, audio and uploads a day."""

import math
from datetime import datetime, timedelta

from serving.guard.grant import UNBOUNDED, Grant, Quota
from serving.guard.refusal import RETRY_AFTER_S, RefusedError, quota_exceeded
from serving.guard.usage.meter import Meter, now
from serving.guard.usage.windows import Windows

_MB = 1_000_000
_COUNTED_S = 0.25  # of audio at a time: a frame may be of 20 ms


class Quotas:
    """The bounds of all keys; `default` holds where a key has none of its own, and never for who shows no key."""

    def __init__(self, meter: Meter | None = None, default: Quota = UNBOUNDED, windows: Windows | None = None) -> None:
        self.meter, self._default, self._windows = meter or Meter(), default, windows or Windows()

    def of(self, grant: Grant) -> Quota:
        """Return the bounds that hold for `grant`."""
        return grant.quota if grant.is_anonymous else grant.quota.or_else(self._default)

    def refusal(self, grant: Grant, kind: str, at_once: int, upload_bytes: int = 0) -> RefusedError | None:
        """Return why `grant` gets no session (`kind` "live") or upload more now; None where it does.

        It has `at_once` sessions; the upload says that it has `upload_bytes`. What is asked counts as a connection.
        """
        if refused := self._too_often(grant):
            return refused
        quota = self.of(grant)
        if kind == "live" and quota.sessions is not None and at_once >= quota.sessions:
            return quota_exceeded(f"all {quota.sessions} sessions of {grant.name} are taken", RETRY_AFTER_S)
        return self.spent(grant) or (self._uploads_spent(grant, upload_bytes) if kind == "upload" else None)

    def spent(self, grant: Grant, over_s: float = 0.0) -> RefusedError | None:
        """Return the refusal of a key whose audio of the day is used up, and `over_s` beyond it."""
        minutes = self.of(grant).audio_minutes_per_day
        if minutes is None or self.meter.today(grant.name).audio_s < 60 * minutes + over_s:
            return None
        return _until_midnight(f"the {minutes:g} minutes of audio of {grant.name} are used up for today")

    def bytes_spent(self, grant: Grant, more: int = 0) -> RefusedError | None:
        """Return the refusal of a key that has no room today for uploads with `more` bytes."""
        most = self.of(grant).upload_mb_per_day
        if most is None or self.meter.today(grant.name).upload_bytes + more <= most * _MB:
            return None
        return _until_midnight(f"{grant.name} may upload {most:g} MB a day")

    def _uploads_spent(self, grant: Grant, upload_bytes: int) -> RefusedError | None:
        most = self.of(grant).uploads_per_day
        if most is not None and self.meter.today(grant.name).uploads >= most:
            return _until_midnight(f"{grant.name} may upload {most} recordings a day")
        return self.bytes_spent(grant, max(1, upload_bytes))

    def _too_often(self, grant: Grant) -> RefusedError | None:
        most = self.of(grant).connections_per_minute
        if most is None:
            return None
        wait_s = self._windows.wait_s(grant.name, most)
        return quota_exceeded(f"{grant.name} may connect {most} times a minute", math.ceil(wait_s)) if wait_s else None


class Account:
    """What one session or upload uses, counted for the key that it came with."""

    def __init__(self, quotas: Quotas, grant: Grant) -> None:
        self._quotas, self._grant = quotas, grant
        self._uncounted_s = 0.0

    def heard(self, audio_s: float) -> RefusedError | None:
        """Count `audio_s` seconds; return why there may be no more."""
        self._uncounted_s += audio_s
        if self._uncounted_s < _COUNTED_S:
            return None
        self.close()
        return self._quotas.spent(self._grant, _COUNTED_S)  # what fits to the second is heard to its end

    def close(self) -> None:
        """Count what was heard last."""
        self._count(audio_s=self._uncounted_s)
        self._uncounted_s = 0.0

    def received(self, size: int) -> RefusedError | None:
        """Count `size` bytes of an upload; return why there may be no more."""
        self._count(upload_bytes=size)
        return self._quotas.bytes_spent(self._grant)

    def answered(self) -> None:
        """Count an utterance."""
        self._count(utterances=1)

    def _count(self, **amounts: float) -> None:
        self._quotas.meter.add(self._grant.name, **amounts)


def _until_midnight(message: str) -> RefusedError:
    return quota_exceeded(message, _seconds_to_midnight(now()))


def _seconds_to_midnight(time_utc: datetime) -> int:
    midnight = time_utc.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return math.ceil((midnight - time_utc).total_seconds())
