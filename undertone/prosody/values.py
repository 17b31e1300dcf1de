"""The numbers that say how an utterance was spoken; what they are is measured in undertone/prosody/measures.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pitch:
    """Of the voiced parts: the median, and the 5th and 95th percentile, in Hz."""

    median_hz: float
    low_hz: float
    high_hz: float


@dataclass(frozen=True)
class Prosody:
    """`pitch` is None where no voice is heard; `energy_dbfs` is the level (RMS) of the voiced parts, of all without.

    0 dBFS is a square wave at full scale; digital silence has -100.
    """

    pitch: Pitch | None
    energy_dbfs: float
