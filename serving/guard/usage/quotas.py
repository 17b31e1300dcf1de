"""Whether a key may have more: sessions at once, connections a minute, audio and uploads a day."""

import math
import uuid
from datetime import datetime, timedelta

from serving.guard.grant import UNBOUNDED, Grant, Quota
from serving.guard.refusal import RETRY_AFTER_S, RefusedError, quota_exceeded
from serving.guard.usage.counts import Alone, Asking, Counts, CountsAwayError
from serving.guard.usage.meter import Meter, now
from serving.guard.usage.windows import Windows
from undertone.protocol import ErrorCode

_MB = 1_000_000
_COUNTED_S = 0.25  # of audio at a time: a frame may be of 20 ms
_TEXTS = {
    "sessions": "all {most} sessions of {name} are taken",
    "connections_per_minute": "{name} may connect {most} times a minute",
    "audio_minutes_per_day": "the {most:g} minutes of audio of {name} are used up for today",
    "uploads_per_day": "{name} may upload {most} recordings a day",
    "upload_mb_per_day": "{name} may upload {most:g} MB a day",
}


class Quotas:
    """The bounds of all keys; `default` holds where a key has none of its own, and never for who shows no key.

    They hold here, by the meter, and among all servers that count together, by `counts`.
    """

    def __init__(
        self,
        meter: Meter | None = None,
        default: Quota = UNBOUNDED,
        windows: Windows | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.meter, self._default, self._windows = meter or Meter(), default, windows or Windows()
        self.counts: Counts = counts or Alone()

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
            return self._used_up(grant, "sessions", RETRY_AFTER_S)
        return self.spent(grant) or (self._uploads_spent(grant, upload_bytes) if kind == "upload" else None)

    async def begin(self, grant: Grant, kind: str, lease: str, upload_bytes: int) -> RefusedError | None:
        """Count a session or upload among all servers until its `lease` ends; return why there may be none."""
        if not (quota := self.of(grant)).given():
            return None
        try:
            full = await self.counts.begin(Asking(lease, grant.name, kind, quota, upload_bytes))
        except CountsAwayError:
            return RefusedError(ErrorCode.SERVER_FULL, "nobody can say now what this key uses elsewhere")
        return self._used_up(grant, full.bound, full.wait_s) if full else None

    def count(self, grant: Grant, audio_s: float = 0.0, upload_bytes: float = 0, **others: float) -> None:
        """Count what `grant` used."""
        self.meter.add(grant.name, audio_s=audio_s, upload_bytes=upload_bytes, **others)
        if self.of(grant).given():
            self.counts.add(grant.name, audio_s, upload_bytes)

    def spent(self, grant: Grant, over_s: float = 0.0) -> RefusedError | None:
        """Return the refusal of a key whose audio of the day is used up, and `over_s` beyond it."""
        minutes = self.of(grant).audio_minutes_per_day
        if minutes is None or self._used(grant, "audio_s") < 60 * minutes + over_s:
            return None
        return self._used_up(grant, "audio_minutes_per_day")

    def bytes_spent(self, grant: Grant, more: int = 0) -> RefusedError | None:
        """Return the refusal of a key that has no room today for uploads with `more` bytes."""
        most = self.of(grant).upload_mb_per_day
        if most is None or self._used(grant, "upload_bytes") + more <= most * _MB:
            return None
        return self._used_up(grant, "upload_mb_per_day")

    def _uploads_spent(self, grant: Grant, upload_bytes: int) -> RefusedError | None:
        most = self.of(grant).uploads_per_day
        if most is not None and self.meter.today(grant.name).uploads >= most:
            return self._used_up(grant, "uploads_per_day")
        return self.bytes_spent(grant, max(1, upload_bytes))

    def _too_often(self, grant: Grant) -> RefusedError | None:
        most = self.of(grant).connections_per_minute
        wait_s = 0.0 if most is None else self._windows.wait_s(grant.name, most)
        return self._used_up(grant, "connections_per_minute", wait_s) if wait_s else None

    def _used(self, grant: Grant, name: str) -> float:
        here, everywhere = self.meter.today(grant.name), self.counts.used(grant.name)
        return max(getattr(here, name), getattr(everywhere, name))  # others may have been forgotten, we were not

    def _used_up(self, grant: Grant, bound: str, wait_s: float | None = None) -> RefusedError:
        message = _TEXTS[bound].format(name=grant.name, most=getattr(self.of(grant), bound))
        return quota_exceeded(message, _seconds_to_midnight(now()) if wait_s is None else math.ceil(wait_s))


class Account:
    """What one session or upload uses, counted for the key that it came with."""

    def __init__(self, quotas: Quotas, grant: Grant) -> None:
        self._quotas, self._grant, self._lease = quotas, grant, uuid.uuid4().hex
        self._uncounted_s = 0.0

    async def begin(self, kind: str, upload_bytes: int) -> RefusedError | None:
        """Count it among all servers until `close`; return why there may be no more."""
        return await self._quotas.begin(self._grant, kind, self._lease, upload_bytes)

    def heard(self, audio_s: float) -> RefusedError | None:
        """Count `audio_s` seconds; return why there may be no more."""
        self._uncounted_s += audio_s
        if self._uncounted_s < _COUNTED_S:
            return None
        self._count_heard()
        return self._quotas.spent(self._grant, _COUNTED_S)  # what fits to the second is heard to its end

    def close(self) -> None:
        """Count what was heard last, and give back what was begun."""
        self._count_heard()
        self._quotas.counts.end(self._lease)

    def _count_heard(self) -> None:
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
        self._quotas.count(self._grant, **amounts)


def _seconds_to_midnight(time_utc: datetime) -> int:
    midnight = time_utc.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return math.ceil((midnight - time_utc).total_seconds())
