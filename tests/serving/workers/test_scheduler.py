"""Which requests go to a worker next, and how many at once."""

import pytest

from serving.workers.scheduler import Job, OverloadError, Scheduler

pytestmark = pytest.mark.fast


@pytest.fixture
def begun():
    """The batches that went to a worker, in order."""
    return []


def names(begun, **jobs):
    """Return the batches as names."""
    known = {id(job): name for name, job in jobs.items()}
    return [[known[id(job)] for job in batch] for batch in begun]


def test_finals_go_before_guesses_and_each_in_its_order(begun):
    scheduler = Scheduler(workers=1, max_waiting=10, begin=begun.append)
    asked = {"first": Job(), "guess1": Job(False), "final1": Job(), "guess2": Job(False), "final2": Job()}
    for job in asked.values():
        scheduler.submit(job)
    for _ in range(4):
        scheduler.free_worker()
    assert names(begun, **asked) == [["first"], ["final1"], ["final2"], ["guess1"], ["guess2"]]


def test_a_guess_that_somebody_waits_for_now_moves_up(begun):
    scheduler = Scheduler(workers=1, max_waiting=10, begin=begun.append)
    asked = {"at_work": Job(), "guess": Job(urgent=False), "final": Job()}
    for job in asked.values():
        scheduler.submit(job)
    asked["guess"].urgent = True
    scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["guess"]]


def test_what_is_dropped_while_it_waits_goes_to_no_worker(begun):
    scheduler = Scheduler(workers=1, max_waiting=10, begin=begun.append)
    asked = {"at_work": Job(), "dropped": Job(), "next_one": Job()}
    for job in asked.values():
        scheduler.submit(job)
    scheduler.drop(asked["dropped"])
    scheduler.drop(asked["at_work"])  # too late, and no harm
    scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["next_one"]]
    assert scheduler.waiting == 0


def test_a_queue_that_is_full_refuses(begun):
    scheduler = Scheduler(workers=1, max_waiting=1, begin=begun.append)
    scheduler.submit(Job())
    scheduler.submit(Job())
    with pytest.raises(OverloadError, match="1 requests are waiting"):
        scheduler.submit(Job())
    assert scheduler.waiting == 1


def test_a_free_worker_waits_for_no_batch_to_fill_and_takes_what_waits_when_it_is_free_again(begun):
    scheduler = Scheduler(workers=1, max_waiting=10, begin=begun.append, most=3)
    for _ in range(6):
        scheduler.submit(Job())
    assert [len(batch) for batch in begun] == [1]
    scheduler.free_worker()
    scheduler.free_worker()
    assert [len(batch) for batch in begun] == [1, 3, 2]


def test_a_batch_has_finals_before_guesses(begun):
    scheduler = Scheduler(workers=1, max_waiting=10, begin=begun.append, most=2)
    asked = {"at_work": Job(), "guess1": Job(False), "guess2": Job(False), "final": Job()}
    for job in asked.values():
        scheduler.submit(job)
    scheduler.free_worker()
    assert names(begun, **asked) == [["at_work"], ["final", "guess1"]]


def test_workers_share_what_waits(begun):
    scheduler = Scheduler(workers=2, max_waiting=20, begin=begun.append, most=4)
    for _ in range(2 + 11):
        scheduler.submit(Job())
    for _ in range(5):
        scheduler.free_worker()
    assert [len(batch) for batch in begun] == [1, 1, 4, 4, 2, 1]
