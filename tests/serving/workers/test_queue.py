"""The way of a request to a worker and back: batches, lost workers, time limits."""

import asyncio
import contextlib
from types import SimpleNamespace

import pytest
from litserve.utils import LitAPIStatus, WorkerSetupStatus

from serving.litserve_internals import Part
from serving.workers.queue import WorkerError, WorkerLostError, WorkerQueue
from serving.workers.scheduler import Job, OverloadError, QueueLimits
from serving.workers.words import PARTIALS_PATH, WORDS_PATH

PATIENT = QueueLimits(age_s=100)
BRIEF = QueueLimits(age_s=0.6)


def queue_of(states, path=WORDS_PATH):
    return WorkerQueue(SimpleNamespace(workers_setup_status=states), path, workers=1, limits=PATIENT)


def test_a_lost_worker_of_another_api_does_not_matter():
    states = {"words_0": WorkerSetupStatus.READY, "partials_0": WorkerSetupStatus.STARTING}
    asyncio.run(asyncio.wait_for(queue_of(states).until_ready(), 5))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(queue_of(states, PARTIALS_PATH).until_ready(), 0.3))


def test_a_worker_that_cannot_be_set_up_is_no_worker_to_wait_for():
    with pytest.raises(WorkerError, match="could not be set up"):
        asyncio.run(queue_of({"words_0": WorkerSetupStatus.READY, "words_1": WorkerSetupStatus.ERROR}).until_ready())


def test_a_worker_that_was_asked_for_counts_from_when_it_is_ready():
    states = {"words_0": WorkerSetupStatus.READY}
    assert asyncio.run(queue_of(states).ready())
    assert asyncio.run(queue_of(states).ready(worker_id=1)), "it has a request, so it is there"
    states["words_1"] = WorkerSetupStatus.STARTING
    assert not asyncio.run(queue_of(states).ready(worker_id=1)), "it died and is started anew"


class Workers:
    """What a queue needs of a LitServer; `answer` says what a worker makes of a batch, `batches` what it was asked."""

    def __init__(self, answer, takes_s=0.05):
        self._answer, self._takes_s, self.batches = answer, takes_s, []
        self.response_buffer, self.app = {}, SimpleNamespace(response_queue_id=0)
        self.workers_setup_status = {"words_0": WorkerSetupStatus.READY}
        self.loop, self.restarted = asyncio.get_running_loop(), 0

    def restarts(self, api_path):
        return self.restarted

    def ask_for_workers(self, api_path, count):
        pass

    def _get_request_queue(self, _):
        return self

    def put(self, request):
        _, uid, _, batch = request
        self.batches.append([payload["name"] for payload in batch])
        self.loop.call_soon_threadsafe(self.loop.call_later, self._takes_s, self._respond, uid, batch)

    def _respond(self, uid, batch):
        if item := self.response_buffer.get(uid):
            item.worker_id = 0
            with contextlib.suppress(LookupError):
                item.response = self._answer(batch)
                item.event.set()


def asked(answer, names, timeouts=None, takes_s=0.05):
    """Return what a queue of one worker answers to `names`, asked at once, and the batches that came about."""

    async def scenario():
        workers = Workers(answer, takes_s)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT, most=3)
        limits = timeouts or [5.0] * len(names)
        asking = [queue.submit({"name": name}, limit, Job()) for name, limit in zip(names, limits, strict=True)]
        return await asyncio.gather(*asking, return_exceptions=True), workers.batches

    return asyncio.run(scenario())


def echo(batch):
    return [{"heard": payload["name"]} for payload in batch], LitAPIStatus.OK


def test_what_waits_goes_together_and_each_gets_its_own_answer():
    answers, batches = asked(echo, "abcdef")
    assert [answer["heard"] for answer in answers] == list("abcdef")
    assert batches == [["a"], ["b", "c", "d"], ["e", "f"]]


def test_one_that_fails_costs_the_others_of_its_batch_nothing():
    def second_fails(batch):
        return [{"error": "odd"} if one["name"] == "c" else {"heard": one["name"]} for one in batch], LitAPIStatus.OK

    answers, _ = asked(second_fails, "abcd")
    assert isinstance(answers[2], WorkerError)
    assert [answer["heard"] for answer in answers[:2] + answers[3:]] == ["a", "b", "d"]


def test_what_is_known_of_a_batch_ahead_is_answered_ahead():
    async def scenario():
        workers = Workers(lambda batch: ([{"heard": "late"} for _ in batch], LitAPIStatus.OK), takes_s=0.2)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT, most=3)
        first, *asking = [asyncio.create_task(queue.submit({"name": name}, 5.0, Job())) for name in "abc"]
        await first
        while len(workers.batches) < 2:
            await asyncio.sleep(0.01)
        (item,) = workers.response_buffer.values()
        item.worker_id, item.response = 0, (Part(1, {"heard": "early"}), LitAPIStatus.OK)
        early = await asyncio.wait_for(asking[1], 0.1)
        assert not asking[0].done()
        return early, await asking[0]

    assert asyncio.run(scenario()) == ({"heard": "early"}, {"heard": "late"})


def test_a_request_that_a_dead_worker_took_unread_is_sent_to_the_one_in_its_place_however_quick_that_was():
    async def scenario():
        workers = Workers(echo)
        put = workers.put

        def lost(request):
            workers.batches.append("unread")
            workers.restarted, workers.put = 1, put

        workers.put = lost
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT)
        return await queue.submit({"name": "a"}, 5.0, Job()), workers.batches

    answer, batches = asyncio.run(scenario())
    assert answer["heard"] == "a"
    assert batches == ["unread", ["a"]]


def test_a_worker_that_dies_over_a_batch_loses_all_of_it_and_nothing_else():
    def dies_of_c(batch):
        if "c" in [one["name"] for one in batch]:
            workers_of["states"]["words_0"] = WorkerSetupStatus.STARTING
            raise LookupError
        return echo(batch)

    workers_of = {}

    async def scenario():
        workers = Workers(dies_of_c)
        workers_of["states"] = workers.workers_setup_status
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT, most=3)
        asking = [asyncio.create_task(queue.submit({"name": name}, 10.0)) for name in "abcde"]
        await asyncio.wait(asking[:4])
        workers.workers_setup_status["words_0"] = WorkerSetupStatus.READY
        return await asyncio.gather(*asking, return_exceptions=True)

    answers = asyncio.run(scenario())
    assert [type(answer) for answer in answers[1:4]] == 3 * [WorkerLostError]
    assert [answers[0], answers[4]] == [{"heard": "a"}, {"heard": "e"}]


def test_each_of_a_batch_keeps_its_own_time_limit():
    answers, batches = asked(echo, "abc", timeouts=[9.0, 0.6, 9.0], takes_s=0.4)
    assert isinstance(answers[1], TimeoutError)
    assert [answers[0], answers[2]] == [{"heard": "a"}, {"heard": "c"}]
    assert batches == [["a"], ["b", "c"]]


def test_what_is_cancelled_while_it_waits_is_never_sent():
    async def scenario():
        workers = Workers(echo)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT)
        first, second, third = (asyncio.create_task(queue.submit({"name": name}, 5.0)) for name in "abc")
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.wait([first, second, third])
        return workers.batches

    assert asyncio.run(scenario()) == [["a"], ["c"]]


def test_what_would_only_time_out_is_refused_at_once_and_not_for_good():
    async def scenario():
        workers = Workers(echo, takes_s=0.2)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT)
        await queue.submit({"name": "tells how long one takes"}, 5.0)
        patient = [asyncio.create_task(queue.submit({"name": name}, 60.0)) for name in "abcdefgh"]
        await asyncio.sleep(0)
        with pytest.raises(OverloadError, match="come too late"):
            await queue.submit({"name": "late"}, 1.0)
        asked_last = await queue.submit({"name": "patient"}, 60.0)
        await asyncio.wait(patient)
        return asked_last, await queue.submit({"name": "late"}, 60.0)

    assert asyncio.run(scenario()) == ({"heard": "patient"}, {"heard": "late"})


def outcome(answer):
    return "overload" if isinstance(answer, OverloadError) else answer["heard"]


def test_what_would_wait_too_long_is_refused_at_once_however_short_the_queue():
    async def scenario():
        queue = WorkerQueue(Workers(echo, takes_s=0.2), WORDS_PATH, workers=1, limits=BRIEF)
        queue._learn(0.2, requests=1)
        assert queue.pressure() == 0
        asking = [asyncio.create_task(queue.submit({"name": name}, 5.0, Job(session=name))) for name in "abcde"]
        await asyncio.sleep(0.01)
        refused = [one.done() for one in asking]
        assert queue.pressure() >= 1
        return refused, await asyncio.gather(*asking, return_exceptions=True)

    refused, answers = asyncio.run(scenario())
    assert refused == [False, False, False, True, True]
    assert [outcome(answer) for answer in answers] == ["a", "b", "c", "overload", "overload"]


def test_what_waits_longer_than_was_thought_is_given_back_but_for_the_next_in_line():
    async def scenario():
        workers = Workers(echo, takes_s=0.01)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=BRIEF)
        await queue.submit({"name": "tells how long one takes"}, 5.0)
        workers._takes_s = 0.8
        return await asyncio.gather(
            *(queue.submit({"name": name}, 5.0, Job(session=name)) for name in "abc"), return_exceptions=True
        )

    assert [outcome(answer) for answer in asyncio.run(scenario())] == ["a", "b", "overload"]


def test_what_waits_for_a_worker_that_is_started_anew_is_not_dropped_for_it():
    async def scenario():
        workers = Workers(echo, takes_s=1.0)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=BRIEF)
        queue._learn(0.2, requests=1)
        queue._recovers = True
        return await asyncio.gather(*(queue.submit({"name": name}, 9.0, Job(session=name)) for name in "abc"))

    assert [answer["heard"] for answer in asyncio.run(scenario())] == list("abc")


def test_slow_workers_get_smaller_batches():
    async def scenario():
        workers = Workers(echo, takes_s=0.2)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=BRIEF, most=4)
        await queue.submit({"name": "tells how long one takes"}, 5.0)
        await asyncio.gather(*(queue.submit({"name": "x"}, 9.0, Job(patience_s=9.0)) for _ in range(4)))
        return [len(batch) for batch in workers.batches]

    assert asyncio.run(scenario()) == [1, 1, 1, 1, 1]


def test_what_came_before_its_time_and_recordings_may_wait():
    async def scenario():
        queue = WorkerQueue(Workers(echo, takes_s=0.2), WORDS_PATH, workers=1, limits=BRIEF)
        await queue.submit({"name": "tells how long one takes"}, 5.0)
        early = [queue.submit({"name": "early"}, 9.0, Job(session="early", patience_s=5.0)) for _ in range(5)]
        files = [queue.submit({"name": "file"}, 0.5, Job(session="file", background=True)) for _ in range(5)]
        return await asyncio.gather(*early, *files)

    assert [answer["heard"] for answer in asyncio.run(scenario())] == 5 * ["early"] + 5 * ["file"]


def test_of_a_recording_the_work_is_limited():
    async def scenario():
        queue = WorkerQueue(Workers(echo, takes_s=0.5), WORDS_PATH, workers=1, limits=PATIENT)
        with pytest.raises(TimeoutError):
            await queue.submit({"name": "hangs"}, 0.2, Job(background=True))

    asyncio.run(scenario())


def test_a_final_is_not_refused_for_the_guesses_that_it_goes_before():
    async def scenario():
        workers = Workers(echo, takes_s=0.2)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=PATIENT)
        await queue.submit({"name": "tells how long one takes"}, 5.0)
        guesses = [asyncio.create_task(queue.submit({"name": "guess"}, 60.0, Job(urgent=False))) for _ in range(200)]
        await asyncio.sleep(0)
        final = await queue.submit({"name": "final"}, 30.0)
        for guess in guesses:
            guess.cancel()
        await asyncio.wait(guesses)
        return final

    assert asyncio.run(scenario()) == {"heard": "final"}


def test_what_is_given_up_times_out_at_once_and_what_comes_then_as_well():
    async def scenario():
        workers = Workers(echo, takes_s=30)
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=QueueLimits())
        asking = [asyncio.create_task(queue.submit({"name": name}, 60.0)) for name in "ab"]
        await asyncio.sleep(0.05)
        queue.give_up()
        return await asyncio.gather(*asking, queue.submit({"name": "c"}, 60.0), return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(asyncio.wait_for(scenario(), 5))] == 3 * [TimeoutError]


@pytest.mark.parametrize("takes", [True, False])
def test_a_worker_that_has_a_request_for_too_long_or_does_not_take_one_is_killed(takes):
    async def scenario():
        workers, killed = Workers(echo, takes_s=60), []

        def kill_worker(path, worker_id):
            killed.append((path, worker_id))
            workers.workers_setup_status["words_0"] = WorkerSetupStatus.STARTING
            return 4711

        workers.kill_worker = kill_worker
        queue = WorkerQueue(workers, WORDS_PATH, workers=1, limits=QueueLimits(), hung_s=0.3)
        asking = asyncio.create_task(queue.submit({"name": "a"}, 20.0))
        while not workers.response_buffer:
            await asyncio.sleep(0.01)
        if takes:
            next(iter(workers.response_buffer.values())).worker_id = 0
        while not killed:
            await asyncio.sleep(0.01)
        if takes:
            with pytest.raises(WorkerLostError):
                await asking
        asking.cancel()
        return killed

    assert asyncio.run(asyncio.wait_for(scenario(), 10)) == [(WORDS_PATH, 0)]
