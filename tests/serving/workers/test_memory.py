"""The bound of a worker's memory: told before it serves, kept between two requests."""

import os

import pytest

from serving.workers.memory import UNBOUNDED, MemoryLimit, WorkerTooLargeError

pytestmark = pytest.mark.fast


def test_a_bound_that_the_models_alone_exceed_is_told_with_both_numbers():
    with pytest.raises(WorkerTooLargeError, match=r"takes \d+ MB: more than the 1 of --worker-max-mb"):
        MemoryLimit(1).check_loaded()


def test_a_worker_ends_only_where_it_takes_more(monkeypatch, caplog):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    for roomy in (UNBOUNDED, MemoryLimit(1 << 20)):
        roomy.check_loaded()
        roomy.end_if_over()
    assert ended == []
    MemoryLimit(1).end_if_over()
    assert ended == [0]
    assert "over 1 (--worker-max-mb): it is started anew" in caplog.text
