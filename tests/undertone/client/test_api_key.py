"""A client shows its key in a header, and nowhere else."""

import asyncio

import numpy as np
import pytest
from material.scripted_server import CLOSED, CREATED, hear_all, say, scripted_server

from serving.cli.main import main
from undertone.client.stream import stream

pytestmark = pytest.mark.fast


@pytest.fixture
def shown():
    """The url of a server, and the requests that it was sent."""
    requests = []

    def script(socket):
        requests.append(socket.request)
        say(socket, CREATED)
        hear_all(socket)
        say(socket, CLOSED)

    with scripted_server(script) as url:
        yield url, requests


async def heard(url, **options):
    return [event async for event in stream([np.zeros(160, np.int16)], url=url, **options)]


def test_the_library_shows_the_key_that_it_is_given(shown):
    url, requests = shown
    asyncio.run(heard(url, api_key="secret"))
    asyncio.run(heard(url))
    assert [request.headers.get("Authorization") for request in requests] == ["Bearer secret", None]
    assert all("secret" not in request.path for request in requests)


def test_the_command_takes_it_from_a_flag_or_a_variable(shown, samples, monkeypatch, capsys):
    url, requests = shown
    clip = str(samples / "05_thanks.flac")
    for options, variable in (([], "of the variable"), (["--api-key", "of the flag"], "of the variable")):
        monkeypatch.setenv("UNDERTONE_API_KEY", variable)
        assert main(["stream", clip, "--url", url, "--speed", "max", "--json", *options]) == 0
    assert [request.headers["Authorization"] for request in requests] == [
        "Bearer of the variable",
        "Bearer of the flag",
    ]
    assert "of the" not in capsys.readouterr().out
