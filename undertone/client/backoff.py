"""How long to wait before the next try to connect: longer each time, and by chance, so that not all come at once."""

import random
from collections.abc import Iterator

_FIRST_S, _MOST_S = 0.2, 5.0


def delays_s(chance: random.Random | None = None) -> Iterator[float]:
    """Yield delays in seconds without end: the first up to 0.2, then up to twice as much as before, 5 at most."""
    chance, most_s = chance or random.Random(), _FIRST_S
    while True:
        yield chance.uniform(0.0, most_s)
        most_s = min(2 * most_s, _MOST_S)
