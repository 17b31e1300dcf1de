"""The server that all tests of this room attack; it must be in the end as it was in the beginning."""

import pytest
from conftest import running_server
from material.server_processes import api_process_of
from material.waiting import metric, until

KINDS = ("live", "upload")


@pytest.fixture(scope="session")
def attacked(tmp_path_factory, tiny_release):
    log = tmp_path_factory.mktemp("attacked") / "server.log"
    options = ("--asr-model", "none", "--max-sessions", "64", "--send-timeout-s", "10", "--resume-s", "0")
    with running_server(tiny_release, log, *options) as running:
        yield running
        assert_unharmed(running)
    assert "Traceback" not in log.read_text()


def assert_unharmed(server):
    """Nobody is left, nothing failed inside, and another is served."""
    for kind in KINDS:
        until(lambda kind=kind: metric(server, f'slots_taken{{kind="{kind}"}}') == 0)
        assert metric(server, f'sessions_ended_total{{kind="{kind}",reason="internal"}}') == 0
        for state in ("listening", "speaking", "judging"):
            assert metric(server, f'sessions{{kind="{kind}",state="{state}"}}') == 0


@pytest.fixture
def flat(attacked):
    """Memory of the server stays where it is: what an attack takes is a few of its messages."""
    process = api_process_of(attacked)
    before = process.memory_info().rss
    yield
    grown_mb = (process.memory_info().rss - before) / 1e6
    assert grown_mb < 40, f"{grown_mb:.0f} MB more than before"
