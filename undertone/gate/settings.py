"""The numbers of the speech gate: when speech is believed, when it is over, where its edges are.

They come from the section `vad` of params.yaml, travel in the release manifest and belong to the Silero file that they
were chosen with. The gate itself: undertone/gate/ears.py (hears), undertone/gate/endpointer.py (decides),
undertone/gate/levels.py (places the edges).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class VadSettings:
    """Probabilities in [0, 1], times in ms, levels in dB.

    threshold: speech begins at or above this probability, held for `start_ms`.
    release_threshold: and pauses below this one, unless `doubt` holds.
    doubt: in a sound that is loud enough to be part of the utterance this probability suffices for it to go on.
    evidence: speech is believed without `threshold` where the probabilities of the second ear and half of Silero's,
        summed over the last 15 frames (480 ms), reach this.
    min_speech_ms: a stretch that is shorter is dropped, unless there is `evidence`.
    endpoint_silence_ms: a pause of this length ends the utterance.
    pad_ms: kept before and after the speech.
    edge_drop_db: speech starts and ends where its level passes this far below its loudest frame.
    edge_floor_db: and that must be this far above the noise around it, else the probabilities place the edges.
    """

    threshold: float
    release_threshold: float
    doubt: float
    evidence: float
    start_ms: int
    min_speech_ms: int
    endpoint_silence_ms: int
    pad_ms: int
    edge_drop_db: float
    edge_floor_db: float


def vad_settings(section: Mapping[str, Any]) -> VadSettings:
    """Return the settings in `section`, the section `vad` of params.yaml; what else stands there is left alone.

    Raises:
        KeyError: a setting is missing; the key is its name.
    """
    return VadSettings(**{field.name: section[field.name] for field in fields(VadSettings)})
