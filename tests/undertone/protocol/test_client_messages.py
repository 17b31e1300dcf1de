"""What a client may send as text, and how the rest is refused."""

import pytest

from undertone.protocol import MessageError, Ping, SessionFinish, SessionUpdate, UtteranceCommit, read

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type": "ping"}', Ping(type="ping")),
        ('{"type": "ping", "id": [1, null]}', Ping(type="ping", id=[1, None])),
        ('{"type": "session.finish", "thanks": true}', SessionFinish(type="session.finish")),
        ('{"type": "utterance.commit"}', UtteranceCommit(type="utterance.commit")),
    ],
)
def test_a_message_is_read_into_its_type(text, message):
    assert read(text) == message


def test_an_update_keeps_its_settings_as_they_came_for_the_session_to_judge():
    message = read('{"type": "session.update", "alpha": 1, "volume": 11}')
    assert isinstance(message, SessionUpdate)
    assert message.changes == {"alpha": 1, "volume": 11}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"ping"', "null", "{}", '{"kind": "ping"}'])
def test_what_is_no_object_with_a_type_is_refused(text):
    with pytest.raises(MessageError, match='text messages are JSON objects with a "type"'):
        read(text)


@pytest.mark.parametrize(("given", "told"), [("5", "5"), ('"sing"', "'sing'"), ("[]", "[]")])
def test_an_unknown_type_is_refused_with_those_that_are_known(given, told):
    with pytest.raises(MessageError) as refused:
        read(f'{{"type": {given}}}')
    known = "session.update, utterance.commit, session.finish, ping, session.resume"
    assert str(refused.value) == f"unknown type {told}; known are {known}"
