"""Which requests go to a worker next, and how many at once."""

import asyncio

import pytest

from serving.workers.scheduler import BACKGROUND_FOR_S, COMPANY_FOR_S, CROWD, Job, OverloadError, QueueLimits, Scheduler

pytestmark = pytest.mark.fast


@pytest.fixture
def begun():
    """The batches that went to a worker, in order."""
    return []


def names(begun, **jobs):
    """Return the batches as names."""
    known = {id(job): name for name, job in jobs.items()}
    return [[known[id(job)] for job in batch] for batch in begun]


LIMITS = QueueLimits()


def said(session, audio_s=1.0, **more):
    return Job(session=session, audio_s=audio_s, **more)


def test_finals_go_before_guesses_and_each_in_its_order(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append)
    asked = {"first": Job(), "guess1": Job(False), "final1": Job(), "guess2": Job(False), "final2": Job()}
    for job in asked.values():
        scheduler.submit(job)
    for _ in range(4):
        scheduler.free_worker()
    assert names(begun, **asked) == [["first"], ["final1"], ["final2"], ["guess1"], ["guess2"]]


def test_a_guess_that_somebody_waits_for_now_moves_up(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append)
    asked = {"at_work": Job(), "guess": Job(urgent=False), "final": Job()}
    for job in asked.values():
        scheduler.submit(job)
    asked["guess"].urgent = True
    scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["guess"]]


def test_what_is_dropped_while_it_waits_goes_to_no_worker(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append)
    asked = {"at_work": Job(), "dropped": Job(), "next_one": Job()}
    for job in asked.values():
        scheduler.submit(job)
    scheduler.drop(asked["dropped"])
    scheduler.drop(asked["at_work"])  # too late, and no harm
    scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["next_one"]]
    assert scheduler.waiting == 0


def test_as_much_speech_waits_as_the_operator_allows_of_one_session_and_of_all(begun):
    scheduler = Scheduler(workers=1, limits=QueueLimits(session_s=10, total_s=25), begin=begun.append)
    scheduler.submit(said("at work"))
    for _ in range(2):
        scheduler.submit(said("one", 5))
    with pytest.raises(OverloadError, match=r"10\.0 s of speech of this session"):
        scheduler.submit(said("one", 1))
    scheduler.submit(said("another", 10))
    with pytest.raises(OverloadError, match=r"20\.0 s of speech in all"):
        scheduler.submit(said("a third", 6))
    assert scheduler.waiting == 3


def test_sessions_take_turns_and_a_flood_waits_for_itself(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append)
    scheduler.submit(said("at work"))
    for _ in range(8):
        scheduler.submit(said("flood"))
    for name in ("one", "two", "three"):
        scheduler.submit(said(name))
    for _ in range(4):
        scheduler.free_worker()
    scheduler.submit(said("one"))
    for _ in range(2):
        scheduler.free_worker()
    order = [job.session for (job,) in begun]
    assert order == ["at work", "flood", "one", "two", "three", "flood", "one"]


def test_recordings_wait_for_whoever_speaks_go_alone_and_leave_a_worker_free(begun):
    scheduler = Scheduler(workers=2, limits=LIMITS, begin=begun.append, most=4)
    for _ in range(4):
        scheduler.submit(said("file", background=True))
    assert [len(batch) for batch in begun] == [1], "the other worker is kept for whoever speaks"
    for _ in range(3):
        scheduler.submit(said("live"))
    scheduler.free_worker()
    assert [[job.session for job in batch] for batch in begun] == [["file"], ["live"], ["live", "live"]]
    scheduler.free_worker(begun[0][0].alone)
    scheduler.free_worker()
    assert [job.session for batch in begun[3:] for job in batch] == ["file"]


def test_a_recording_that_has_waited_for_long_is_due_as_well(begun, monkeypatch):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append)
    at_work, file, live = said("at work"), said("file", background=True), said("live")
    for job in (at_work, file, live):
        scheduler.submit(job)
    file.since_s -= BACKGROUND_FOR_S
    scheduler.free_worker()
    assert begun == [[at_work], [file]]


def test_a_free_worker_waits_for_no_batch_to_fill_and_takes_what_waits_when_it_is_free_again(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append, most=3)
    for _ in range(6):
        scheduler.submit(Job())
    assert [len(batch) for batch in begun] == [1]
    scheduler.free_worker()
    scheduler.free_worker()
    assert [len(batch) for batch in begun] == [1, 3, 2]


def test_a_batch_has_finals_before_guesses(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append, most=2)
    asked = {"at_work": Job(), "guess1": Job(False), "guess2": Job(False), "final": Job()}
    for job in asked.values():
        scheduler.submit(job)
    scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["final", "guess1"]]


def test_a_worker_takes_all_that_waits_of_one_kind_up_to_the_most(begun):
    scheduler = Scheduler(workers=2, limits=LIMITS, begin=begun.append, most=4)
    for _ in range(2 + 11):
        scheduler.submit(Job())
    for _ in range(3):
        scheduler.free_worker()
    assert [len(batch) for batch in begun] == [1, 1, 4, 4, 3]


def test_what_is_heard_in_another_window_waits_for_the_next_worker(begun):
    scheduler = Scheduler(workers=1, limits=LIMITS, begin=begun.append, most=4)
    kinds = {"at_work": "4 s", "short": "4 s", "long": "6 s", "short_too": "4 s", "long_too": "6 s"}
    asked = {name: Job(kind=kind) for name, kind in kinds.items()}
    for job in asked.values():
        scheduler.submit(job)
    for _ in range(2):
        scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["short", "short_too"], ["long", "long_too"]]


def guess(**more):
    return Job(urgent=False, lead_s=0.3, **more)


def in_a_loop(scene, crowd=CROWD):
    """Play `scene` after `crowd` others; return what began at once, and what later, as sizes of batches."""
    begun = []

    async def played():
        scheduler = Scheduler(workers=2, limits=LIMITS, begin=begun.append, most=3)
        for _ in range(crowd):
            scheduler.submit(Job())
            scheduler.free_worker()
        begun.clear()
        scene(scheduler)
        at_once = len(begun)
        await asyncio.sleep(COMPANY_FOR_S + 0.05)
        return [len(batch) for batch in begun[:at_once]], [len(batch) for batch in begun[at_once:]]

    return asyncio.run(played())


def submitted(*jobs):
    return lambda scheduler: [scheduler.submit(job) for job in jobs]


def test_guesses_wait_for_company_while_nobody_waits_for_them():
    assert in_a_loop(submitted(guess())) == ([], [1])
    assert in_a_loop(submitted(guess(), guess())) == ([], [2])
    assert in_a_loop(submitted(guess(kind="4 s"), guess(kind="6 s"))) == ([], [1, 1])


def test_where_few_come_a_guess_is_heard_at_once():
    assert in_a_loop(submitted(guess()), crowd=CROWD - 2) == ([1], [])
    assert in_a_loop(submitted(guess()), crowd=CROWD - 1) == ([], [1])


def test_a_full_batch_waits_for_nobody():
    assert in_a_loop(submitted(guess(), guess(), guess(), guess())) == ([3], [1])
    others = (guess(kind="6 s") for _ in range(3))
    assert in_a_loop(submitted(guess(kind="4 s"), *others)) == ([3], [1])


def test_whoever_waits_for_words_takes_the_guesses_along_at_once():
    assert in_a_loop(submitted(guess(), Job())) == ([2], [])
    assert in_a_loop(submitted(guess(kind="4 s"), Job(kind="6 s"))) == ([1], [1])


def test_a_guess_that_somebody_waits_for_now_waits_for_nobody():
    def scene(scheduler):
        asked = guess()
        scheduler.submit(asked)
        asked.wanted()

    assert in_a_loop(scene) == ([1], [])


def test_a_guess_withdrawn_while_it_waits_for_company_costs_nothing():
    def scene(scheduler):
        withdrawn = guess()
        scheduler.submit(withdrawn)
        scheduler.drop(withdrawn)

    assert in_a_loop(scene) == ([], [])


def test_a_guess_waits_for_nobody_where_its_words_would_come_too_late():
    def slow(scheduler):
        scheduler.hearing_s = 0.16
        scheduler.submit(guess())

    assert in_a_loop(slow) == ([1], [])
    assert in_a_loop(submitted(Job(urgent=False))) == ([1], []), "its words may bring the endpoint"
