"""Bytes that are no WebSocket frames of a client, or such as RFC 6455 forbids: always the same for one seed."""

import struct
from collections.abc import Callable, Iterator
from random import Random

Made = Callable[[Random], bytes]

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def frames(random: Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the kind and the bytes of `count` of them."""
    for number in range(count):
        make = MADE[number % len(MADE)]
        yield make.__name__.strip("_"), make(random)


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """Return a frame; what it says need not hold together. The mask is all zeros."""
    head = bytes([(final << 7) | (reserved << 4) | opcode])
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
    return head + bytes([length[0] | masked << 7]) + length[1:] + (bytes(4) if masked else b"") + payload


def _compressed(random: Random) -> bytes:
    return frame(random.choice([TEXT, BINARY]), random.randbytes(40), reserved=4)


def _reserved_bits(random: Random) -> bytes:
    return frame(BINARY, bytes(64), reserved=random.randrange(1, 4))


def _reserved_opcode(random: Random) -> bytes:
    return frame(random.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), random.randbytes(10))


def _unmasked(random: Random) -> bytes:
    return frame(random.choice([TEXT, BINARY]), b'{"type": "ping"}', masked=False)


def _long_ping(random: Random) -> bytes:
    return frame(random.choice([PING, PONG, CLOSE]), bytes(126 + random.randrange(100)))


def _ping_in_parts(random: Random) -> bytes:
    return frame(random.choice([PING, CLOSE]), b"x", final=False)


def _continues_nothing(random: Random) -> bytes:
    return frame(CONTINUED, random.randbytes(8))


def _begun_twice(random: Random) -> bytes:
    return frame(BINARY, bytes(8), final=False) + frame(TEXT, b"{}")


def _text_cut_in_a_character(random: Random) -> bytes:
    return frame(TEXT, b'{"type": "ping", "id": "\xf0\x9f', final=False) + frame(CONTINUED, b'"}')


def _negative_length(random: Random) -> bytes:
    return b"\x82\xff" + struct.pack(">Q", 1 << 63 | random.getrandbits(40)) + bytes(4)


def _endless_length(random: Random) -> bytes:
    return b"\x82\xff" + struct.pack(">Q", (1 << 62) - 1) + bytes(4) + random.randbytes(100)


def _close_of_one_byte(random: Random) -> bytes:
    return frame(CLOSE, b"\x03")


def _close_with_a_code_of_nobody(random: Random) -> bytes:
    return frame(CLOSE, struct.pack(">H", random.choice([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535])))


def _close_for_no_text(random: Random) -> bytes:
    return frame(CLOSE, struct.pack(">H", 1000) + b"\xff\xfe")


def _garbage(random: Random) -> bytes:
    return random.randbytes(random.randrange(1, 400))


def _http(random: Random) -> bytes:
    return b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


def _cut_off(random: Random) -> bytes:
    whole = frame(BINARY, random.randbytes(200))
    return whole[: random.randrange(1, len(whole))]


MADE: tuple[Made, ...] = (
    *(_compressed, _reserved_bits, _reserved_opcode, _unmasked, _long_ping, _ping_in_parts, _continues_nothing),
    *(_begun_twice, _text_cut_in_a_character, _negative_length, _endless_length, _close_of_one_byte),
    *(_close_with_a_code_of_nobody, _close_for_no_text, _garbage, _http, _cut_off),
)
