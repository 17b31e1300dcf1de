"""Finds how many sessions a machine carries within a budget, and writes it on a capacity card."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from load.figures import Figures

from serving.settings.capacity import CapacityCard, Measured, cores, read_card
from undertone.words.reasons import REJECTIONS

FIRST, MOST = 8, 1024


@dataclass(frozen=True)
class Budget:
    """What a user may wait, in ms at the 95th percentile, and the share of finals that may lose their words to load.

    What the recogniser heard and rejected is lost to no load.
    """

    first_mood_ms: float
    final_ms: float
    words_lost: float

    def exceeded(self, measured: Figures) -> list[str]:
        """Return what `measured` has too much of, in words; nothing where it is within the budget."""
        over = [
            f"{name} p95 {measured[key]['p95']} ms"
            for name, key, most in (
                ("first mood", "first_mood_ms", self.first_mood_ms),
                ("final", "final_ms", self.final_ms),
            )
            if measured[key]["p95"] is None or measured[key]["p95"] > most
        ]
        late = sum(finals for reason, finals in measured["without_words"].items() if reason not in REJECTIONS)
        over += [f"{late} finals without words"] if late > self.words_lost * measured["finals"] else []
        return over + [f"{name} {measured[name]:g}" for name in ("refused", "lost") if measured[name]]


def largest(measure: Callable[[int], Figures], budget: Budget) -> list[Figures]:
    """Measure more and more sessions until the budget is exceeded, then between, to within an eighth.

    All that was measured is returned; `within` says which of them counts.
    """
    done: dict[int, Figures] = {}
    carried, refused, sessions = 0, MOST + 1, FIRST
    while carried < sessions < refused:
        done[sessions] = measure(sessions)
        over = budget.exceeded(done[sessions])
        print(f"{sessions} sessions: {'; '.join(over) or 'within the budget'}", flush=True)
        carried, refused = (carried, sessions) if over else (sessions, refused)
        if refused > MOST:
            sessions = min(2 * sessions, MOST)
        elif refused - carried > max(1, refused // 8):
            sessions = (carried + refused) // 2
        else:
            break
    return [done[number] for number in sorted(done)]


def within(measured: Iterable[Figures], budget: Budget) -> Figures | None:
    """Return the largest that keeps within the budget."""
    return max(
        (one for one in measured if not budget.exceeded(one)), key=lambda one: int(one["sessions"]), default=None
    )


def write_card(path: Path, recogniser: str, release: str, carried: Figures, budget: Budget) -> None:
    """Write what was carried; what another recogniser carried here, with the same release, stays on the card."""
    own = Measured(
        sessions=carried["sessions"],
        first_mood_p95_ms=carried["first_mood_ms"]["p95"],
        final_p95_ms=carried["final_ms"]["p95"],
        budget_first_mood_ms=budget.first_mood_ms,
        budget_final_ms=budget.final_ms,
    )
    card = CapacityCard(cores(), processor(), release, {recogniser: own})
    before = read_card(path) if path.is_file() else None
    if before and (before.cores, before.machine, before.release) == (card.cores, card.machine, card.release):
        card = CapacityCard(card.cores, card.machine, card.release, {**before.measured, recogniser: own})
    path.write_text(card.text(), encoding="utf-8")


def processor() -> str:
    """Return the name of the CPU, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
