"""What a stream needs of a release: the seam between hearing and the files of a release (undertone/release.py)."""

from typing import Protocol

from undertone.audio import Samples
from undertone.gate.ears import Silero
from undertone.manifest import Manifest
from undertone.stream.utterance import Voice
from undertone.voice.acoustic import AcousticModel
from undertone.voice.ear import Ear
from undertone.weighting import FusionSettings


class Models(Protocol):
    """Models that are loaded and warm, and the rule that joins what they say."""

    @property
    def manifest(self) -> Manifest:
        """Settings of the gate and of each model."""

    @property
    def fusion(self) -> FusionSettings:
        """How words and voice are joined, as released."""

    @property
    def silero(self) -> Silero:
        """The network that hears speech."""

    @property
    def acoustic(self) -> AcousticModel:
        """The network that hears how something is said."""

    @property
    def ear(self) -> Ear | None:
        """What hears the same in the encoder of the recogniser; None where the release has none."""

    def voice(self, samples: Samples) -> Voice:
        """Return what the voice says in an utterance, (n,) int16 at 16 kHz."""
