"""Names lead to the internet and nowhere near the server, and they are asked for once."""

import asyncio
import ipaddress

import psutil
import pytest

from serving.remote.addresses import address_of, is_public
from serving.remote.errors import RemoteError

pytestmark = pytest.mark.fast

PUBLIC = ["8.8.8.8", "203.0.114.9", "2606:4700::1111"]
NEAR = [
    "127.0.0.1",
    "127.255.0.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",  # where clouds keep credentials
    "100.64.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


def found(host, *answers, inside=()):
    """Return the address to connect to where the name stands for `answers`, one list after the other."""
    asked = []

    async def resolve(name, port):
        asked.append(name)
        return answers[len(asked) - 1]

    networks = [ipaddress.ip_network(text) for text in inside]
    address = asyncio.run(address_of(host, 443, networks, resolve))
    assert asked == [host]
    return address


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_asked(address):
    assert found("media.example", [address]) == address


@pytest.mark.parametrize("address", NEAR)
def test_addresses_near_the_server_are_not(address):
    assert not is_public(getattr(ipaddress.ip_address(address), "ipv4_mapped", None) or ipaddress.ip_address(address))
    with pytest.raises(RemoteError) as refused:
        found("media.example", [address])
    assert refused.value.code == "url_not_allowed"
    assert address not in str(refused.value)


def test_a_name_with_one_address_near_the_server_among_others_is_not_asked():
    with pytest.raises(RemoteError, match="not to be asked"):
        found("media.example", ["8.8.8.8", "10.0.0.1"])


def test_a_name_that_changes_its_mind_is_asked_for_once_and_what_was_judged_is_used():
    assert found("rebinding.example", ["8.8.8.8"], ["127.0.0.1"]) == "8.8.8.8"


def test_the_operator_may_name_networks_of_his_own():
    assert found("minio.internal", ["10.1.2.3"], inside=["10.1.0.0/16"]) == "10.1.2.3"
    assert found("minio.internal", ["::ffff:10.1.2.3"], inside=["10.1.0.0/16"]) == "10.1.2.3"
    with pytest.raises(RemoteError):
        found("minio.internal", ["10.2.2.3"], inside=["10.1.0.0/16"])


def test_public_addresses_of_the_machine_itself_are_near(monkeypatch):
    card = [type("Address", (), {"address": "8.8.8.8"}), type("Address", (), {"address": "00:00:5e:00:53:af"})]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": card})
    with pytest.raises(RemoteError):
        found("myself.example", ["8.8.8.8"])


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "localhost"])
def test_other_ways_to_write_this_machine_lead_to_it_and_are_refused(host):
    with pytest.raises(RemoteError) as refused:
        asyncio.run(address_of(host, 443, []))
    assert refused.value.code in ("url_not_allowed", "url_not_fetched")


def test_a_name_that_stands_for_nothing_cannot_be_reached():
    with pytest.raises(RemoteError, match="cannot be reached"):
        asyncio.run(address_of("nowhere.invalid", 443, []))
