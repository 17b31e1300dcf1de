"""Which addresses lie below the prefixes of the operator, whatever a client writes."""

import pytest

from serving.guard.policy import UrlRules
from serving.remote.allowed import Place, Prefix
from serving.remote.errors import RemoteError
from serving.remote.fetch import Remote

pytestmark = pytest.mark.fast

REMOTE = Remote(UrlRules(("https://media.example/calls/", "https://media.example:8443/", "s3://bucket/calls/")))


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/calls/1.wav",
        "HTTPS://Media.Example:443/calls/1.wav",
        "https://media.example/calls/a/b%20c.wav?X-Amz-Credential=A%2Fb&X-Amz-Signature=0",
        "https://media.example:8443/anything",
        "s3://bucket/calls/2026/a b.wav",
    ],
)
def test_what_lies_below_a_prefix_is_allowed(url):
    assert REMOTE.place(url).path.startswith("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/other/1.wav",
        "https://media.example/calls/",  # a folder
        "https://media.example/callsx/1.wav",
        "https://media.example:444/calls/1.wav",
        "https://media.example.evil/calls/1.wav",
        "https://media.examplecalls/1.wav",
        "https://evil/https://media.example/calls/1.wav",
        "https://media.example@evil/calls/1.wav",
        "https://user:password@media.example/calls/1.wav",
        "https://media.example%2f@evil/calls/1.wav",
        "https://evil\\@media.example/calls/1.wav",
        "https://media.example\\.evil/calls/1.wav",
        "https://evil#@media.example/calls/1.wav",
        "https://media.example/calls/1.wav#part",
        "https://media.example./calls/1.wav",
        "https://media.example:/calls/1.wav",
        "https://media.example:0443/calls/1.wav",
        "https://media.example/calls/../other/1.wav",
        "https://media.example/calls/%2e%2e/other/1.wav",
        "https://media.example/calls/.%2E/other/1.wav",
        "https://media.example/calls/..%2fother/1.wav",
        "https://media.example/calls/..%5cother",
        "https://media.example/calls/./1.wav",
        "https://media.example//calls/1.wav",
        "https://media.example/calls//1.wav",
        "https://media.example/calls/%00",
        "https://media.example/calls/%zz",
        "https://media.example/calls/1.wav\r\nHost: evil",
        "https://media.example/calls/1.wav\n",
        " https://media.example/calls/1.wav",
        "https://media.example\t/calls/1.wav",
        "https://media\u3002example/calls/1.wav",
        "https://medi\u0430.example/calls/1.wav",
        "https:/media.example/calls/1.wav",
        "https:media.example/calls/1.wav",
        "//media.example/calls/1.wav",
        "http://media.example/calls/1.wav",
        "https://2130706433/calls/1.wav",
        "https://0177.0.0.1/calls/1.wav",
        "https://0x7f.1/calls/1.wav",
        "https://[::ffff:127.0.0.1]/calls/1.wav",
        "https://[fe80::1%25eth0]/calls/1.wav",
        "file:///etc/passwd",
        "ftp://media.example/calls/1.wav",
        "gopher://media.example/calls/1.wav",
        "s3://bucket/other/1.wav",
        "s3://bucket/calls/../other/1.wav",
        "s3://bucket2/calls/1.wav",
        "s3://bucket.evil/calls/1.wav",
        "s3://bucket@evil/calls/1.wav",
        "s3://bucket/calls/1.wav?versionId=1",
        "",
        "https://media.example/calls/" + 5000 * "a",
    ],
)
def test_whatever_only_looks_like_it_is_refused(url):
    with pytest.raises(RemoteError) as refused:
        REMOTE.place(url)
    assert (refused.value.status, refused.value.code) == (403, "url_not_allowed")


def test_nothing_is_fetched_unless_the_operator_allows_it():
    with pytest.raises(RemoteError, match="fetches no recordings"):
        Remote(UrlRules()).place("https://media.example/calls/1.wav")


@pytest.mark.parametrize("text", ["https://media.example", "https://media.example/", "s3://bucket", "s3://bucket/a/"])
def test_a_prefix_is_a_host_a_bucket_or_a_folder(text):
    assert Prefix.of(text).place.path.endswith("/")


@pytest.mark.parametrize(
    "text", ["https://media.example/calls", "https://*/", "http://media.example/", "https://", "s3:"]
)
def test_what_is_no_prefix_is_refused(text):
    with pytest.raises(ValueError, match="it "):
        Prefix.of(text)


def test_an_address_is_asked_for_under_its_own_name():
    assert Place.of("https://media.example:8443/a?b=c").authority == "media.example:8443"
    assert Place.of("https://[2606:4700::1111]/a").authority == "[2606:4700::1111]"
