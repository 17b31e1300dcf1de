"""Whose turn it is at the workers."""

import asyncio

import pytest

from serving.turns import OverloadError, Turn, Turns

pytestmark = pytest.mark.fast


def test_finals_go_before_guesses_and_each_in_its_order():
    async def scenario():
        turns, done = Turns(workers=1, max_waiting=10), []

        async def work(name, urgent):
            await turns.take(Turn(urgent))
            await asyncio.sleep(0)
            done.append(name)
            turns.give_back()

        names = [("first", True), ("guess 1", False), ("final 1", True), ("guess 2", False), ("final 2", True)]
        await asyncio.gather(*(work(name, urgent) for name, urgent in names))
        return done

    assert asyncio.run(scenario()) == ["first", "final 1", "final 2", "guess 1", "guess 2"]


def test_a_guess_that_somebody_waits_for_now_moves_up():
    async def scenario():
        turns, done = Turns(workers=1, max_waiting=10), []

        async def work(name, turn):
            await turns.take(turn)
            await asyncio.sleep(0.01)
            done.append(name)
            turns.give_back()

        guess = Turn(urgent=False)
        jobs = [("at work", Turn()), ("guess", guess), ("final", Turn())]
        tasks = [asyncio.create_task(work(*job)) for job in jobs]
        await asyncio.sleep(0)
        guess.urgent = True
        await asyncio.gather(*tasks)
        return done

    assert asyncio.run(scenario()) == ["at work", "guess", "final"]


def test_what_is_dropped_while_it_waits_takes_no_turn():
    async def scenario():
        turns = Turns(workers=1, max_waiting=10)
        await turns.take(Turn())
        dropped, next_one = (asyncio.create_task(turns.take(Turn())) for _ in range(2))
        await asyncio.sleep(0)
        dropped.cancel()
        await asyncio.sleep(0)
        turns.give_back()
        await asyncio.wait_for(next_one, 1)
        return turns.waiting

    assert asyncio.run(scenario()) == 0


def test_what_is_dropped_in_the_moment_of_its_turn_hands_it_on():
    async def scenario():
        turns = Turns(workers=1, max_waiting=10)
        await turns.take(Turn())
        dropped = asyncio.create_task(turns.take(Turn()))
        await asyncio.sleep(0)
        turns.give_back()
        dropped.cancel()
        await asyncio.wait_for(turns.take(Turn()), 1)

    asyncio.run(scenario())


def test_a_queue_that_is_full_refuses():
    async def scenario():
        turns = Turns(workers=1, max_waiting=1)
        await turns.take(Turn())
        waiting = asyncio.create_task(turns.take(Turn()))
        await asyncio.sleep(0)
        with pytest.raises(OverloadError, match="1 requests are waiting"):
            await turns.take(Turn())
        waiting.cancel()

    asyncio.run(scenario())
