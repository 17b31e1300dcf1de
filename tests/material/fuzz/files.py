"""Recordings that somebody damaged, by chance or on purpose: always the same for one seed."""

import io
import struct
from collections.abc import Callable, Iterator
from random import Random

import soundfile

from undertone.audio import RATE_HZ, Samples

FORMATS = ("WAV", "FLAC", "OGG", "MP3")
HEAD_BYTES = 64
_EXTREMES = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

Mutation = Callable[[Random, bytearray], bytes]


def originals(samples: Samples) -> dict[str, bytes]:
    """Return `samples`, (n,) int16, as a file of each format."""
    written = {}
    for format in FORMATS:
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, RATE_HZ, format=format)
        written[format] = buffer.getvalue()
    return written


def mutated(random: Random, whole: dict[str, bytes], count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged files with what was done to them: "FLAC header_field", in turn for each format."""
    for number in range(count):
        format, mutate = FORMATS[number % len(FORMATS)], random.choice(MUTATIONS)
        content = mutate(random, bytearray(whole[format]))
        if random.random() < 0.3:
            content = random.choice(MUTATIONS)(random, bytearray(content or b"\0"))
        yield f"{format} {mutate.__name__.strip('_')}", bytes(content)


def _place(random: Random, content: bytearray) -> int:
    return random.randrange(max(1, len(content)))


def _flipped(random: Random, content: bytearray) -> bytes:
    for _ in range(random.choice([1, 3, 30, 300])):
        content[_place(random, content)] ^= 1 << random.randrange(8)
    return content


def _head_flipped(random: Random, content: bytearray) -> bytes:
    for _ in range(random.choice([1, 2, 6])):
        content[random.randrange(min(HEAD_BYTES, len(content)))] = random.randrange(256)
    return content


def _header_field(random: Random, content: bytearray) -> bytes:
    size, order = random.choice(["B", "H", "I"]), random.choice("<>")
    extreme = random.choice(_EXTREMES) & ((1 << 8 * struct.calcsize(size)) - 1)
    at = random.randrange(min(HEAD_BYTES, len(content)))
    content[at : at + struct.calcsize(size)] = struct.pack(order + size, extreme)
    return content


def _cut(random: Random, content: bytearray) -> bytes:
    return content[: _place(random, content)]


def _beheaded(random: Random, content: bytearray) -> bytes:
    return content[_place(random, content) :]


def _repeated(random: Random, content: bytearray) -> bytes:
    begins = _place(random, content)
    piece = content[begins : begins + random.choice([4, 100, 5000])]
    return content[:begins] + piece * random.choice([2, 10, 100]) + content[begins:]


def _silenced(random: Random, content: bytearray) -> bytes:
    begins, size = _place(random, content), random.choice([4, 500, 10_000])
    content[begins : begins + size] = random.choice([b"\0", b"\xff"]) * len(content[begins : begins + size])
    return content


def _stuffed(random: Random, content: bytearray) -> bytes:
    at = _place(random, content)
    return content[:at] + random.randbytes(random.choice([1, 64, 4000])) + content[at:]


def _two_in_one(random: Random, content: bytearray) -> bytes:
    return content + content[: _place(random, content)]


def _magic_alone(random: Random, content: bytearray) -> bytes:
    return content[: random.choice([4, 12, 44])] + random.randbytes(random.choice([0, 40, 3000]))


MUTATIONS: tuple[Mutation, ...] = (
    *(_flipped, _head_flipped, _header_field, _cut, _beheaded, _repeated, _silenced, _stuffed, _two_in_one),
    _magic_alone,
)
