"""What keys use: counted, written, read again, and held against their quotas."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from serving.guard.grant import ANONYMOUS, Grant, Quota
from serving.guard.usage import quotas as quotas_module
from serving.guard.usage.meter import Meter
from serving.guard.usage.quotas import Account, Quotas
from serving.guard.usage.store import UsageError, UsageStore, Use, totals
from serving.guard.usage.windows import Windows

pytestmark = pytest.mark.fast

DAY = datetime(2026, 1, 31, 23, 59, 50, tzinfo=UTC)


class Clock:
    """Stands where it is put."""

    def __init__(self):
        self.time = DAY

    def __call__(self):
        return self.time


@pytest.fixture
def path(tmp_path):
    return tmp_path / "usage.sqlite"


def meter_on(path, clock=None):
    meter = Meter(clock or Clock())
    meter.write_to(UsageStore(path))
    return meter


def test_what_was_counted_is_summed_by_day_and_key(path):
    clock = Clock()
    meter = meter_on(path, clock)
    meter.add("alice", audio_s=1.5, utterances=1)
    meter.add("bob", uploads=1, upload_bytes=10)
    asyncio.run(meter.write())
    clock.time += timedelta(days=1)
    meter.add("alice", audio_s=2.0, refusals=1)
    asyncio.run(meter.write())
    first, second = "2026-01-31", "2026-02-01"
    assert totals(path) == [
        ((first, "alice"), Use(audio_s=1.5, utterances=1)),
        ((first, "bob"), Use(uploads=1, upload_bytes=10)),
        ((second, "alice"), Use(audio_s=2.0, refusals=1)),
    ]
    assert totals(path, by="key", key="alice") == [(("", "alice"), Use(audio_s=3.5, utterances=1, refusals=1))]
    assert [place for place, _ in totals(path, by="day", since=second)] == [(second, "")]
    assert [place for place, _ in totals(path, until=first)] == [(first, "alice"), (first, "bob")]


def test_servers_that_share_a_file_count_together(path):
    one, other = meter_on(path), meter_on(path)

    async def scene():
        await one.write()
        one.add("alice", audio_s=1.0)
        other.add("alice", audio_s=2.0)
        await other.write()
        await one.write()
        assert one.today("alice").audio_s == 3.0
        one.add("alice", audio_s=1.0)
        await one.write()
        await one.write()
        assert one.today("alice").audio_s == 4.0

    asyncio.run(scene())
    assert totals(path)[0][1].audio_s == 4.0


def test_a_server_that_starts_again_counts_on(path):
    before = meter_on(path)
    before.add("alice", audio_s=5.0)
    asyncio.run(before.write())
    after = meter_on(path)
    asyncio.run(after.write())
    assert after.today("alice").audio_s == 5.0


def test_a_clock_that_is_set_back_finds_what_was_used_on_that_day(path):
    clock = Clock()
    meter = meter_on(path, clock)
    meter.add("alice", audio_s=5.0)
    asyncio.run(meter.write())
    for days, used_s in ((1, 0.0), (-1, 5.0)):
        clock.time += timedelta(days=days)
        asyncio.run(meter.write())
        assert meter.today("alice").audio_s == used_s


def test_what_cannot_be_written_is_kept_and_written_later(path, monkeypatch, caplog):
    meter = meter_on(path)

    def full(self, used):
        raise UsageError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(UsageStore, "add", full)
        for _ in range(3):
            meter.add("alice", audio_s=1.0)
            asyncio.run(meter.write())
    assert caplog.text.count("the disk is full") == 1
    assert meter.today("alice").audio_s == 3.0
    asyncio.run(meter.write())
    assert totals(path)[0][1].audio_s == 3.0


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "other").write_text("something else, and long enough to be looked at")
    with pytest.raises(UsageError, match=r"other cannot be read or written"):
        UsageStore(tmp_path / "other")
    with pytest.raises(UsageError, match="nowhere"):
        totals(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    sqlite3.connect(tmp_path / "empty").close()
    with pytest.raises(UsageError, match="no such table"):
        totals(tmp_path / "empty")


def test_a_day_ends_at_midnight_of_utc_and_refusals_say_so(path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(quotas_module, "now", clock)
    meter = meter_on(path, clock)
    quotas, grant = Quotas(meter), Grant("alice", Quota(audio_minutes_per_day=1))
    account = Account(quotas, grant)
    assert account.heard(59.0) is None
    assert account.heard(1.0) is None
    refused = account.heard(0.25)
    assert (refused.code, refused.status, refused.retry_after_s) == ("quota_exceeded", 429, 10)
    assert quotas.refusal(grant, "live", 0)
    assert quotas.refusal(grant, "upload", 0)
    clock.time += timedelta(seconds=10)
    assert quotas.refusal(grant, "live", 0) is None


def test_short_frames_are_counted_together_and_none_is_lost():
    quotas = Quotas(Meter(Clock()))
    account = Account(quotas, Grant("alice"))
    for _ in range(7):
        account.heard(0.0625)
    assert quotas.meter.today("alice").audio_s == 0.25
    account.close()
    assert quotas.meter.today("alice").audio_s == 0.4375


def test_a_key_without_a_bound_of_its_own_has_that_of_the_server_and_nobody_without_key_has_any():
    quotas = Quotas(default=Quota(sessions=1, uploads_per_day=0))
    assert quotas.refusal(Grant("alice"), "live", 1).retry_after_s == 5
    assert quotas.refusal(Grant("alice", Quota(sessions=2)), "live", 1) is None
    assert quotas.refusal(Grant("alice", Quota(sessions=2)), "upload", 0)
    assert quotas.refusal(ANONYMOUS, "live", 100) is None


def test_bytes_are_refused_as_they_are_told_and_as_they_come():
    quotas, grant = Quotas(), Grant("alice", Quota(upload_mb_per_day=0.001))
    assert quotas.refusal(grant, "upload", 0, 1001)
    assert quotas.refusal(grant, "upload", 0, 1000) is None
    account = Account(quotas, grant)
    assert account.received(1000) is None
    assert account.received(1)
    assert quotas.refusal(grant, "upload", 0)


def test_connections_of_a_minute_are_a_moving_window():
    at_s = [1000.0]
    quotas, grant = Quotas(windows=Windows(lambda: at_s[0])), Grant("alice", Quota(connections_per_minute=2))
    assert quotas.refusal(grant, "live", 0) is None
    at_s[0] += 20
    assert quotas.refusal(grant, "live", 0) is None
    assert quotas.refusal(grant, "upload", 0).retry_after_s == 40
    assert quotas.refusal(Grant("bob", grant.quota), "live", 0) is None
    at_s[0] += 40
    assert quotas.refusal(grant, "live", 0) is None
    assert quotas.refusal(grant, "live", 0).retry_after_s == 20
    assert quotas.refusal(Grant("alice", Quota(connections_per_minute=1)), "live", 0).retry_after_s == 60
