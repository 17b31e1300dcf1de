"""How recordings begin: bytes that no encoder writes by chance, of every kind that can be told by them."""

import re

from undertone.audio_file.containers.window import Window

LONGEST_BYTES = 256
_PIECE_BYTES = 1 << 20

_FLAC = rb"fLaC[\x00\x80]\x00\x00\x22"
_RIFF = rb"(?:RIFF|RIFX|RF64)[\x00-\xff]{4}WAVE"
_AIFF = rb"FORM[\x00-\xff]{4}AIF[FC]"
_W64 = rb"riff\x2e\x91\xcf\x11"
_CAF = rb"caff\x00\x01\x00\x00desc"
_AU = rb"\.snd\x00\x00[\x00-\xff]{6}\x00\x00\x00[\x01-\x1b]\x00[\x00-\xff]{3}\x00\x00\x00"
_OGG = rb"OggS\x00\x02"
_MP4 = rb"\x00\x00\x00[\x08-\x40]ftyp[ -~]{4}"
_WEBM = rb"\x1a\x45\xdf\xa3[\x00-\xff]{1,64}?(?:webm|matroska)"
_AMR = rb"#!AMR(?:-WB)?\n"
_ID3 = rb"ID3[\x02-\x04][\x00-\x0a][\x00-\xf0][\x00-\x7f]{4}"
# The first frame of an MP3 file holds the length of the file in place of sound.
_XING = rb"\xff[\xe2-\xfb][\x10-\xef][\x00-\xff](?:\x00{9}|\x00{17}|\x00{32})(?:Xing|Info)"

_CONTAINERS = (_FLAC, _RIFF, _AIFF, _W64, _CAF, _AU, _OGG, _MP4, _WEBM, _AMR)
WEBM, ID3 = re.compile(_WEBM), re.compile(_ID3)
CHUNKED = re.compile(b"|".join((_RIFF, _AIFF, _W64, _CAF, _MP4)))
CONTAINER = re.compile(b"|".join(_CONTAINERS))
ANY = re.compile(b"|".join((*_CONTAINERS, _ID3, _XING)))
ANY_OR_PAGE = re.compile(b"|".join((*_CONTAINERS, _ID3, _XING, b"OggS")))


def following(whole: Window, start: int, mark: re.Pattern[bytes]) -> int:
    """Return where `mark` stands from `start` on, the size of the file if nowhere."""
    for piece in range(start, whole.size, _PIECE_BYTES):
        found = mark.search(whole.at(piece, _PIECE_BYTES + LONGEST_BYTES))
        if found:
            return piece + found.start()
    return whole.size
