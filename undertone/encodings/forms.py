"""The encodings of audio on the wire: their names, and how their bytes are counted."""

from dataclasses import dataclass
from typing import Literal

from undertone.audio import RATE_HZ

Encoding = Literal["pcm_s16le", "pcm_mulaw", "pcm_alaw", "ogg_opus", "webm_opus"]
TELEPHONE_HZ = 8000
_OPUS_BYTES_PER_S = 4000  # of speech, before it is known better


@dataclass(frozen=True)
class Form:
    """How audio comes: `unit_bytes` are never parted, and `bytes_per_s` last a second; of Opus that is an estimate.

    A unit is a sample of every channel; of Opus, whose samples nobody can count before they are decoded, a byte.
    """

    encoding: Encoding = "pcm_s16le"
    unit_bytes: int = 2
    bytes_per_s: float = 2 * RATE_HZ

    @property
    def is_packed(self) -> bool:
        """Whether its samples cannot be counted before they are decoded."""
        return self.encoding in ("ogg_opus", "webm_opus")

    @property
    def units_per_s(self) -> int:
        """Units in a second of audio."""
        return max(1, round(self.bytes_per_s / self.unit_bytes))


def form_of(encoding: Encoding, channels: int = 1) -> Form:
    """Return the form of audio in `encoding`: `form_of("pcm_mulaw").bytes_per_s` is 8000."""
    if encoding == "pcm_s16le":
        return Form(encoding, 2 * channels, 2 * channels * RATE_HZ)
    if encoding in ("ogg_opus", "webm_opus"):
        return Form(encoding, 1, _OPUS_BYTES_PER_S)
    return Form(encoding, channels, channels * TELEPHONE_HZ)
