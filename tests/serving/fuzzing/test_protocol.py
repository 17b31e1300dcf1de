"""Whatever a client does, in any order, against the real server: hypothesis invents sessions, and shortens what fails.

After each step a ping is sent: what comes before its pong is all that the step brought about, finals apart.
"""

import json
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from material.waiting import metric, until
from material.wire import end_of, receive
from pydantic import TypeAdapter
from websockets.sync.client import connect

from undertone.audio_file import read
from undertone.protocol import ServerMessage

VALID = TypeAdapter(ServerMessage)
SETTINGS = {"alpha": 0.25, "endpoint_silence_ms": 400, "mood_interval_ms": 1000, "redact_text": True}
WRONG = {"alpha": 7, "endpoint_silence_ms": "long", "mood_interval_ms": -1, "volume": 11}
STEP_S = 30


class Client(RuleBasedStateMachine):
    """One session at a time; `server` and `speech` are set by the test."""

    server, speech = None, b""

    @initialize()
    def connect(self):
        self.open = ExitStack()
        self.socket = self.open.enter_context(connect(self.server.ws_url, proxy=None))
        assert receive(self.socket)["type"] == "session.created"
        self.number, self.over, self.heard_bytes = 0, False, 0
        self.started, self.ended, self.answered = [], [], []

    def told(self):
        """Return what came about since the last step, each message valid and each utterance in its order."""
        self.number += 1
        mark = f"mark {self.number}"
        self.socket.send(json.dumps({"type": "ping", "id": mark}))
        messages = []
        while (message := receive(self.socket, STEP_S))["type"] != "pong" or message["id"] != mark:
            messages.append(message)
        self.follow(messages)
        return [message for message in messages if message["type"] in ("error", "session.updated", "speech.ended")]

    def follow(self, messages):
        lists = {"speech.started": self.started, "speech.ended": self.ended, "utterance.final": self.answered}
        for message in messages:
            VALID.validate_json(json.dumps(message))
            if (seen := lists.get(message["type"])) is not None:
                seen.append(message["utterance_id"])
                assert seen == list(range(1, len(seen) + 1))
            if message["type"] in ("mood", "utterance.provisional"):
                assert message["utterance_id"] in self.started
        assert len(self.started) - 1 <= len(self.ended) <= len(self.started)
        assert len(self.answered) <= len(self.ended)

    @precondition(lambda self: not self.over)
    @rule(begins=some.integers(0, 60_000), lasts=some.integers(1, 40_000))
    def speak(self, begins, lasts):
        self.hear(self.speech[2 * begins : 2 * (begins + lasts)])

    @precondition(lambda self: not self.over)
    @rule(lasts=some.sampled_from([1, 160, 8000, 24_000]))
    def be_silent(self, lasts):
        self.hear(bytes(2 * lasts))

    def hear(self, pcm):
        self.socket.send(pcm)
        self.heard_bytes += len(pcm)
        assert "error" not in [message["type"] for message in self.told()]

    @precondition(lambda self: not self.over)
    @rule(size=some.sampled_from([0, 1, 3, 6401]))
    def send_half_a_sample(self, size):
        self.socket.send(bytes(size))
        assert [message["code"] for message in self.told()] == ["odd_frame_length"]

    @precondition(lambda self: not self.over)
    @rule(name=some.sampled_from(sorted(SETTINGS)))
    def change_a_setting(self, name):
        self.socket.send(json.dumps({"type": "session.update", name: SETTINGS[name]}))
        (answer,) = self.told()
        if self.heard_bytes:
            assert answer["code"] == "invalid_setting"
        else:
            assert answer["settings"][name] == SETTINGS[name]

    @precondition(lambda self: not self.over)
    @rule(name=some.sampled_from(sorted(WRONG)))
    def change_a_setting_wrongly(self, name):
        self.socket.send(json.dumps({"type": "session.update", name: WRONG[name]}))
        assert [message["code"] for message in self.told()] == ["invalid_setting"]

    @precondition(lambda self: not self.over)
    @rule(text=some.one_of(some.text(max_size=40), some.binary(max_size=40)))
    def say_what_nobody_understands(self, text):
        self.socket.send(text, text=True)
        assert [message["code"] for message in self.told()] == ["invalid_message"]

    @precondition(lambda self: not self.over)
    @rule()
    def commit(self):
        speaking = len(self.started) > len(self.ended)
        self.socket.send(json.dumps({"type": "utterance.commit"}))
        answers = [message.get("code") or message["cause"] for message in self.told()]
        assert answers == ["commit"] if speaking else answers in ([], ["invalid_message"])
        assert len(self.started) == len(self.ended)

    @precondition(lambda self: not self.over)
    @rule()
    def finish(self):
        self.over = True
        self.socket.send(json.dumps({"type": "session.finish"}))
        messages, errors, code = end_of(self.socket, within_s=STEP_S)
        self.follow(messages[:-1])
        assert (errors, code) == ([], 1000)
        assert self.started == self.ended == self.answered
        assert messages[-1]["totals"]["audio_ms"] == self.heard_bytes // 32
        assert len(messages[-1]["trajectory"]) == len(self.started)
        self.open.close()

    @precondition(lambda self: not self.over)
    @rule()
    def vanish(self):
        self.over = True
        self.socket.socket.close()
        self.open.close()

    @precondition(lambda self: self.over)
    @rule()
    def come_again(self):
        self.connect()

    def teardown(self):
        with self.open:  # where a step failed, too
            if not self.over:
                self.finish()


@pytest.mark.parametrize("sessions", [20, pytest.param(500, marks=pytest.mark.exhaustive)])
def test_whatever_a_client_does_the_server_keeps_to_the_protocol(attacked, flat, samples, sessions):
    Client.server = attacked
    Client.speech = 3 * read(sorted(samples.glob("*.flac"))[0]).tobytes()
    bounds = {"max_examples": sessions, "stateful_step_count": 15, "deadline": None, "database": None}
    phases = (Phase.generate, Phase.shrink)
    run_state_machine_as_test(
        Client, settings=settings(derandomize=True, phases=phases, suppress_health_check=list(HealthCheck), **bounds)
    )
    until(lambda: metric(attacked, 'slots_taken{kind="live"}') == 0)
