"""Steadies the moods of one utterance without holding a change back."""

from undertone.probabilities import Probabilities


class MoodSmoother:
    """The mean of the last two windows' probabilities.

    Two windows that name the same label have a mean that names it too, so a change of label shows with the second
    window that says it: one mood interval late at most. A single window that strays is outvoted where it is unsure.
    """

    def __init__(self) -> None:
        self._previous: Probabilities | None = None

    def add(self, window: Probabilities) -> Probabilities:
        """Take the probabilities (3,) of the next window and return those to show; the first is shown as it is."""
        shown = window if self._previous is None else (self._previous + window) / 2
        self._previous = window
        return shown
