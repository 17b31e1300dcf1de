"""The states of the endpointer and how each answers a frame of speech or of silence; undertone/gate/endpointer.py
draws them and decides which frames are which. All positions are samples since the start of the stream.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Idle:
    """Nothing is under way."""


@dataclass(frozen=True)
class Rising:
    """The probability has been high since the frame that begins at `rise`, for too short a time to be believed."""

    rise: int


@dataclass(frozen=True)
class Utterance:
    """What the three states of an utterance under way share.

    It begins at `start`, pre-roll included; its speech was heard from `rise` on, by probability; its pause began at
    `silence_start`, None while there is none.
    """

    start: int
    rise: int
    silence_start: int | None = None

    def silent(self, position: int) -> "Utterance":
        """Return the state after a frame of silence that begins at `position`."""
        raise NotImplementedError

    def voiced(self) -> "Utterance":
        """Return the state after a frame of speech."""
        raise NotImplementedError


@dataclass(frozen=True)
class Heard(Utterance):
    """Speech is believed, and too little of it was heard for an announcement.

    It `goes_on` where it follows so shortly on another utterance that its speaker is known.
    """

    goes_on: bool = False

    def silent(self, position: int) -> "Heard":
        """Return the state after a frame of silence that begins at `position`."""
        return replace(self, silence_start=position) if self.silence_start is None else self

    def voiced(self) -> "Heard":
        """Return the state after a frame of speech."""
        return self if self.silence_start is None else replace(self, silence_start=None)

    def announced(self, start: int) -> "Announced | Paused":
        """Return the state after the announcement of the utterance, which begins at `start` as is now known."""
        if self.silence_start is None:
            return Announced(start, self.rise)
        return Paused(start, self.rise, self.silence_start)


@dataclass(frozen=True)
class Announced(Utterance):
    """An announced utterance is under way, and spoken on."""

    silence_start: None = None

    def silent(self, position: int) -> "Paused":
        """Return the state after a frame of silence that begins at `position`."""
        return Paused(self.start, self.rise, position)

    def voiced(self) -> "Announced":
        """Return the state after a frame of speech: the same."""
        return self


@dataclass(frozen=True)
class Paused(Utterance):
    """An announced utterance is under way, silent since `silence_start`.

    It ends after `patience` samples of this pause; None: after as many as any pause.
    """

    silence_start: int
    patience: int | None = None

    def silent(self, position: int) -> "Paused":
        """Return the state after a frame of silence: the same, wherever it begins."""
        return self

    def voiced(self) -> Announced:
        """Return the state after a frame of speech."""
        return Announced(self.start, self.rise)
