"""Whose turn it is at the workers, and how many go at once."""

import pytest

from serving.workers.scheduler import OverloadError, Turn, Turns

pytestmark = pytest.mark.fast


@pytest.fixture
def begun():
    """The batches that went to a worker, in order."""
    return []


def names(begun, **turns):
    """Return the batches as names."""
    known = {id(turn): name for name, turn in turns.items()}
    return [[known[id(turn)] for turn in batch] for batch in begun]


def test_finals_go_before_guesses_and_each_in_its_order(begun):
    turns = Turns(workers=1, max_waiting=10, begin=begun.append)
    asked = {"first": Turn(), "guess1": Turn(False), "final1": Turn(), "guess2": Turn(False), "final2": Turn()}
    for turn in asked.values():
        turns.ask(turn)
    for _ in range(4):
        turns.give_back()
    assert names(begun, **asked) == [["first"], ["final1"], ["final2"], ["guess1"], ["guess2"]]


def test_a_guess_that_somebody_waits_for_now_moves_up(begun):
    turns = Turns(workers=1, max_waiting=10, begin=begun.append)
    asked = {"at_work": Turn(), "guess": Turn(urgent=False), "final": Turn()}
    for turn in asked.values():
        turns.ask(turn)
    asked["guess"].urgent = True
    turns.give_back()
    assert names(begun, **asked) == [["at_work"], ["guess"]]


def test_what_is_dropped_while_it_waits_takes_no_turn(begun):
    turns = Turns(workers=1, max_waiting=10, begin=begun.append)
    asked = {"at_work": Turn(), "dropped": Turn(), "next_one": Turn()}
    for turn in asked.values():
        turns.ask(turn)
    turns.drop(asked["dropped"])
    turns.drop(asked["at_work"])  # too late, and no harm
    turns.give_back()
    assert names(begun, **asked) == [["at_work"], ["next_one"]]
    assert turns.waiting == 0


def test_a_queue_that_is_full_refuses(begun):
    turns = Turns(workers=1, max_waiting=1, begin=begun.append)
    turns.ask(Turn())
    turns.ask(Turn())
    with pytest.raises(OverloadError, match="1 requests are waiting"):
        turns.ask(Turn())
    assert turns.waiting == 1


def test_a_free_worker_waits_for_no_batch_to_fill_and_takes_what_waits_when_it_is_free_again(begun):
    turns = Turns(workers=1, max_waiting=10, begin=begun.append, most=3)
    for _ in range(6):
        turns.ask(Turn())
    assert [len(batch) for batch in begun] == [1]
    turns.give_back()
    turns.give_back()
    assert [len(batch) for batch in begun] == [1, 3, 2]


def test_a_batch_has_finals_before_guesses(begun):
    turns = Turns(workers=1, max_waiting=10, begin=begun.append, most=2)
    asked = {"at_work": Turn(), "guess1": Turn(False), "guess2": Turn(False), "final": Turn()}
    for turn in asked.values():
        turns.ask(turn)
    turns.give_back()
    assert names(begun, **asked) == [["at_work"], ["final", "guess1"]]


def test_workers_share_what_waits(begun):
    turns = Turns(workers=2, max_waiting=20, begin=begun.append, most=4)
    for _ in range(2 + 11):
        turns.ask(Turn())
    for _ in range(5):
        turns.give_back()
    assert [len(batch) for batch in begun] == [1, 1, 4, 4, 2, 1]
