"""How clearly a voice was heard: it tells words from the sneezes and barks that the speech gate lets through."""

from heapq import heappush, heapreplace

CLEAR_FRAMES = 10  # 320 ms: a short word has so much


class Clarity:
    """The mean of the ten highest speech probabilities (Silero's) so far; silence around a word does not lower it."""

    def __init__(self) -> None:
        self._highest: list[float] = []  # a heap, the lowest of them first

    def add(self, probability: float) -> None:
        """Take the probability of the next frame."""
        if len(self._highest) < CLEAR_FRAMES:
            heappush(self._highest, probability)
        elif probability > self._highest[0]:
            heapreplace(self._highest, probability)

    @property
    def mean(self) -> float:
        """Their mean; frames that are missing to ten count as 0."""
        return sum(self._highest) / CLEAR_FRAMES
