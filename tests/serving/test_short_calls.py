"""Short calls go to threads together and come back together; none is lost, none waits for long."""

import asyncio
import threading
import time

import pytest

from serving.short_calls import CALLS_A_THREAD, TOGETHER_S, ShortCalls
from serving.threads import Threads

pytestmark = pytest.mark.fast


def with_calls(story, threads=2):
    async def told():
        return await story(ShortCalls(Threads("test", threads)))

    return asyncio.run(told())


def test_each_caller_gets_its_own_answer():
    async def story(calls):
        return await asyncio.gather(*(calls.run(pow, 2, n) for n in range(100)))

    assert with_calls(story) == [2**n for n in range(100)]


def test_what_a_call_raises_comes_out_of_it_alone():
    async def story(calls):
        return await asyncio.gather(
            calls.run(int, "7"), calls.run(int, "x"), calls.run(int, "8"), return_exceptions=True
        )

    seven, error, eight = with_calls(story)
    assert (seven, eight) == (7, 8)
    assert isinstance(error, ValueError)


def test_few_calls_that_come_together_share_a_thread_and_many_do_not():
    async def story(calls):
        few = await asyncio.gather(*(calls.run(threading.get_ident) for _ in range(CALLS_A_THREAD)))
        barrier = threading.Barrier(2, timeout=10)
        calling = [
            calls.run(barrier.wait),
            *(calls.run(abs, -1) for _ in range(CALLS_A_THREAD)),
            calls.run(barrier.wait),
        ]
        return few, await asyncio.gather(*calling)

    few, many = with_calls(story)
    assert len(set(few)) == 1
    assert sorted(many) == [0, *[1] * (CALLS_A_THREAD + 1)]


def test_calls_begin_in_the_order_in_which_they_came():
    begun = []

    async def story(calls):
        await asyncio.gather(*(calls.run(begun.append, n) for n in range(50)))

    with_calls(story, threads=1)
    assert begun == list(range(50))


def test_a_long_call_holds_up_no_answer_that_is_there_and_no_call_that_comes_behind_it():
    free = threading.Event()

    async def story(calls):
        long = asyncio.create_task(calls.run(free.wait, 10))
        await asyncio.sleep(5 * TOGETHER_S)
        answers = [await asyncio.wait_for(calls.run(abs, -n), 5) for n in range(3)]
        free.set()
        return answers, await long

    assert with_calls(story) == ([0, 1, 2], True)


def test_an_answer_does_not_wait_for_all_that_is_called_after_it():
    free = threading.Event()

    async def story(calls):
        quick, slow = calls.run(abs, -1), calls.run(time.sleep, 2 * TOGETHER_S)
        tasks = [asyncio.create_task(call) for call in (quick, slow, calls.run(free.wait, 10))]
        await tasks[0]
        free.set()
        return await tasks[2]

    assert with_calls(story, threads=1)


def test_a_call_whose_caller_has_gone_is_left_out_and_the_others_go_on():
    called = []

    async def story(calls):
        gone = asyncio.create_task(calls.run(called.append, "gone"))
        stays = asyncio.create_task(calls.run(called.append, "stays"))
        await asyncio.sleep(0)
        gone.cancel()
        await stays

    with_calls(story)
    assert called == ["stays"]


def test_none_is_lost_when_they_come_at_any_time():
    async def one(calls, n):
        answers = []
        for i in range(200):
            answers.append(await calls.run(abs, -i))
            if i % 7 == n % 7:
                await asyncio.sleep(0.0001 * n)
        return answers

    async def story(calls):
        return await asyncio.gather(*(one(calls, n) for n in range(10)))

    assert with_calls(story) == [list(range(200))] * 10


def test_a_crowd_of_calls_leaves_the_threads_to_others_in_between():
    async def story():
        threads = Threads("test", 1)
        calls = ShortCalls(threads)
        crowd = [asyncio.create_task(calls.run(time.sleep, TOGETHER_S / 2)) for _ in range(50)]
        await asyncio.sleep(2 * TOGETHER_S)
        await threads.run(abs, -1)
        unfinished = sum(not task.done() for task in crowd)
        await asyncio.gather(*crowd)
        return unfinished

    assert asyncio.run(story())
