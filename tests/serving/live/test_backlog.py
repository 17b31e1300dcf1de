"""Messages that wait to be read: all of them, in order, and few of them in memory."""

import asyncio
import errno
import os

import pytest

from serving.live.backlog import BLOCK_BYTES, KEPT_BYTES, MESSAGE_BYTES, MOST_BYTES, Backlog

pytestmark = pytest.mark.fast


async def taken(backlog, count):
    messages = []
    for _ in range(count):
        await asyncio.wait_for(backlog.filled(), 5)
        messages.append(await backlog.take())
    return messages


def in_memory(backlog):
    return sum(len(message) + MESSAGE_BYTES for message in [*backlog._oldest, *backlog._newest])


def numbered(count, size):
    return [index.to_bytes(4, "big") + bytes(size - 4) for index in range(count)]


@pytest.mark.parametrize("size", [4, 1024, 100_000, 1 << 20])
def test_everything_comes_out_in_order_and_little_of_it_was_in_memory(size):
    messages = numbered(5 * BLOCK_BYTES // (size + MESSAGE_BYTES) + 5, size)

    async def scene():
        backlog = Backlog(len)
        first = messages[0]
        backlog.add(first)
        assert await taken(backlog, 1) == [first]
        most = 0
        for message in messages[1:]:
            await backlog.room()
            backlog.add(message)
            most = max(most, in_memory(backlog))
        assert await taken(backlog, len(messages) - 1) == messages[1:]
        backlog.close()
        return most

    assert asyncio.run(scene()) <= 2 * (BLOCK_BYTES + size + MESSAGE_BYTES)


def test_reading_and_writing_at_once_loses_nothing():
    messages = numbered(3000, 1024)

    async def write(backlog):
        for index, message in enumerate(messages):
            await backlog.room()
            backlog.add(message)
            if not index % 100:
                await asyncio.sleep(0)

    async def scene():
        backlog = Backlog(len)
        writing = asyncio.create_task(write(backlog))
        first = await taken(backlog, 1000)
        await writing
        rest = await taken(backlog, 2000)
        backlog.close()
        return first + rest

    assert asyncio.run(scene()) == messages


def test_empty_messages_count_as_well_and_too_many_stop_the_writer():
    async def scene():
        backlog = Backlog(len)
        count = 0
        while backlog._bytes < MOST_BYTES:
            backlog.add(b"")
            count += 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(backlog.room(), 0.1)
        await taken(backlog, 1)
        await asyncio.wait_for(backlog.room(), 1)
        backlog.close()
        return count

    assert asyncio.run(scene()) == -(-MOST_BYTES // MESSAGE_BYTES)


def test_what_is_stored_can_be_forgotten_and_what_is_at_hand_stays():
    messages = numbered(3000, 1024)

    async def scene():
        backlog = Backlog(len)
        for message in messages[:5]:
            backlog.add(message)
        assert await taken(backlog, 2) == messages[:2]
        for message in messages[5:]:
            await backlog.room()
            backlog.add(message)
        backlog.forget_stored()
        backlog.add(b"last")
        left = await taken(backlog, 4)
        backlog.close()
        return left

    assert asyncio.run(scene()) == [*messages[2:5], b"last"]


def test_on_a_full_disk_nothing_is_lost_and_little_is_taken_until_it_is_read(monkeypatch, caplog):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    async def write(backlog, messages):
        for message in messages:
            await backlog.room()
            backlog.add(message)

    async def scene():
        backlog, messages = Backlog(len), numbered(5000, 1024)
        with monkeypatch.context() as disk:
            disk.setattr(os, "pwrite", full)
            writing = asyncio.create_task(write(backlog, messages))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(writing), 0.5)
            assert backlog._bytes <= KEPT_BYTES + BLOCK_BYTES
            first = await taken(backlog, 3000)
        rest = await taken(backlog, 2000)
        backlog.close()
        return first + rest == messages

    assert asyncio.run(scene())
    assert caplog.text.count("No space left on device") == 1
