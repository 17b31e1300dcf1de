"""Who gets in, who is refused and why, and what those who are in are told when the server goes down."""

import asyncio
import logging
import time
from contextlib import ExitStack

import pytest

from serving.admission import Admission, Caller, RefusedError
from serving.settings import ServerLimits

pytestmark = pytest.mark.fast

LIVE, UPLOAD = Caller("live", "192.0.2.1:1234"), Caller("upload", "192.0.2.2:1234")


@pytest.fixture
def admission():
    opened = Admission(ServerLimits(max_sessions=2, max_uploads=1))
    opened.open()
    return opened


def refused(admission, caller):
    with pytest.raises(RefusedError) as refusal, admission.admit(caller):
        pass
    return refusal.value


def test_nobody_gets_in_before_the_models_are_loaded():
    refusal = refused(Admission(ServerLimits()), LIVE)
    assert (refusal.code, refusal.code.close, refusal.status) == ("server_full", 1013, 503)
    assert "loading" in str(refusal)


def test_a_slot_is_free_again_after_its_holder_however_that_ended(admission):
    def fail():
        with admission.admit(UPLOAD):
            assert admission.admitted("upload") == 1
            raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            fail()
    assert admission.admitted("upload") == 0


def test_uploads_take_no_slot_of_a_live_session_nor_the_other_way_round(admission):
    with admission.admit(UPLOAD):
        assert str(refused(admission, UPLOAD)) == "all 1 uploads are taken"
        with admission.admit(LIVE), admission.admit(LIVE):
            assert str(refused(admission, LIVE)) == "all 2 sessions are taken"


def test_a_refusal_says_when_to_come_again_and_the_log_says_who_was_refused_and_why(admission, caplog):
    with caplog.at_level(logging.INFO, logger="undertone.admission"), admission.admit(UPLOAD):
        assert refused(admission, UPLOAD).retry_after_s > 0
    assert "refused upload from 192.0.2.2:1234: server_full, all 1 uploads are taken" in caplog.text


def test_everybody_is_told_of_a_drain_nobody_new_gets_in_and_it_ends_with_the_last(admission):
    async def scene():
        told = []
        with ExitStack() as slots:
            for caller in (LIVE, UPLOAD):
                slot = slots.enter_context(admission.admit(caller))
                slot.when_ending(lambda kind=caller.kind: told.append(kind))
            draining = asyncio.create_task(admission.drain(10.0))
            await asyncio.sleep(0.05)
            assert sorted(told) == ["live", "upload"]
            assert not draining.done()
            assert (refused(admission, LIVE).code, refused(admission, LIVE).code.close) == ("server_draining", 1012)
        await asyncio.wait_for(draining, 1.0)

    asyncio.run(scene())


def test_a_drain_waits_for_nobody_for_ever(admission):
    async def scene():
        with admission.admit(LIVE):
            await admission.drain(0.1)

    began_s = time.monotonic()
    asyncio.run(scene())
    assert time.monotonic() - began_s < 5
