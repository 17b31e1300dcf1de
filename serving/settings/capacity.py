"""The capacity card: how many sessions a machine was seen to carry, and what `--max-sessions auto` makes of it here.

`python benchmarks/streams.py --ramp --card capacity.json` writes one; without one of its own, a server takes the card
that comes with it for this kind of processor. What was measured on a machine of another number of cores is scaled by
it. It says nothing of how quick these cores are: whoever wants to know measures.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from undertone.words.processor import overflows

WITH_VNNI, WITHOUT_VNNI = (Path(__file__).with_name(f"{name}.json") for name in ("capacity", "capacity_without_vnni"))
UNMEASURED = 8  # sessions, with a recogniser that the card does not know
NO_RECOGNISER = "none"


@dataclass(frozen=True)
class Measured:
    """The most sessions that kept within a budget, in ms at the 95th percentile, and what they waited."""

    sessions: int
    first_mood_p95_ms: float
    final_p95_ms: float
    budget_first_mood_ms: float
    budget_final_ms: float


@dataclass(frozen=True)
class CapacityCard:
    """What was `measured` with each recogniser, on which machine and with which release."""

    cores: int
    machine: str
    release: str
    measured: Mapping[str, Measured]

    def sessions(self, recogniser: str, here: int) -> int:
        """Return how many sessions a machine of `here` cores is trusted with.

        They grow with the cores, but one API process hears all sessions: there are never more than it carried without
        a recogniser. A recogniser that is not on the card is trusted with `UNMEASURED`.
        """
        if recogniser not in self.measured:
            return UNMEASURED
        most = self.measured.get(NO_RECOGNISER, self.measured[recogniser]).sessions
        return max(1, min(most, self.measured[recogniser].sessions * here // self.cores))

    def text(self) -> str:
        """Return the card as it is written: JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def bundled() -> Path:
    """Return the card of the package for this processor: x86 without VNNI carries half as many sessions."""
    return WITHOUT_VNNI if overflows() else WITH_VNNI


def read_card(path: Path) -> CapacityCard:
    """Return the card in `path`.

    Raises:
        ValueError: it cannot be read, or is no card; the message says what is wrong.
    """
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        measured = {name: Measured(**of) for name, of in fields.pop("measured").items()}
        card = CapacityCard(measured=measured, **fields)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no capacity card: {error}") from None
    counts = [card.cores, *(of.sessions for of in card.measured.values())]
    if not all(isinstance(count, int) and count >= 1 for count in counts):
        raise ValueError(f"{path} is no capacity card: cores and sessions are whole numbers from 1 on")
    return card


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
