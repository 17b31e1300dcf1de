"""What one stream sounds like, frame by frame: Silero, a second ear for shouts, and the level.

Silero v6 is deaf to some shouting: high pitch and raised formants lie outside the speech that it was trained on. Slowed
to two thirds, the same sound has the pitch and formants of a lower voice, and the same network hears it. So the second
ear is Silero again, on the stream slowed by 3/2 as a tape would be: every 1024 samples become 1536, three frames. It
listens only where its answer can matter.

The network is passed in as a callable, since what runs it differs between training and serving. Both hear through this
file, so that the clips of training are cut as the speech of users is.
"""

from collections.abc import Callable

import numpy as np

from undertone.audio import FRAME_SAMPLES, Floats, Samples, to_float
from undertone.gate.edges import level_db
from undertone.gate.hearing import Hearing

# (frames (n, 576), h (1, 1, 128), c (1, 1, 128)) -> (probabilities of the n frames in any shape, new h, new c)
Silero = Callable[[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]

CONTEXT_SAMPLES = 64  # Silero wants the end of the previous frame before the new one
_STATE_SHAPE = (1, 1, 128)
BACKLOG_FRAMES = 16  # half a second: what the second ear has not listened to is kept so long
_REACH = 8  # input samples on each side of an interpolated one


class Ear:
    """Silero on one stream: keeps the context and the recurrent state."""

    def __init__(self, silero: Silero) -> None:
        self._silero = silero
        self._context = np.zeros(CONTEXT_SAMPLES, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard, but for the 64 samples of context: Silero's confidence drifts in endless streams."""
        self._h = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._c = np.zeros(_STATE_SHAPE, dtype=np.float32)

    def hear(self, sound: Floats) -> Floats:
        """Return the speech probabilities (n,) of the next n frames, `sound` (n * 512,) in [-1, 1]."""
        frames = np.empty((len(sound) // FRAME_SAMPLES, CONTEXT_SAMPLES + FRAME_SAMPLES), dtype=np.float32)
        frames[:, CONTEXT_SAMPLES:] = sound.reshape(-1, FRAME_SAMPLES)
        frames[0, :CONTEXT_SAMPLES] = self._context
        frames[1:, :CONTEXT_SAMPLES] = frames[:-1, -CONTEXT_SAMPLES:]
        self._context = frames[-1, -CONTEXT_SAMPLES:]
        probabilities, self._h, self._c = self._silero(frames, self._h, self._c)
        return probabilities.reshape(-1)


class SecondEar:
    """Silero on the slowed stream. It listens two frames at a time, and only when asked: the rest waits unheard.

    What waits is caught up with as soon as somebody asks, the last `BACKLOG_FRAMES` of it: enough for the network to
    find its feet, and cheaper in one go than frame by frame.
    """

    def __init__(self, silero: Silero) -> None:
        self._ear = Ear(silero)
        self._unheard: list[Floats] = []
        self._before = np.zeros(2 * _REACH, dtype=np.float32)  # the end of what came before the unheard
        self._missed = False
        self._probability = 0.0

    def reset(self) -> None:
        """Forget what was heard, but for the sound itself."""
        self._ear.reset()
        self._probability = 0.0

    def hear(self, sound: Floats, asked: bool) -> float:
        """Take the next frame, (512,) in [-1, 1]; if `asked`, return the speech probability after it, else 0.

        The answer for two frames is given with the second and holds for the frame that follows.
        """
        self._unheard.append(sound)
        if len(self._unheard) > BACKLOG_FRAMES:
            self._before = self._unheard[1][-2 * _REACH :]
            del self._unheard[:2]
            self._missed = True
        if not asked:
            return 0.0
        if len(self._unheard) > 1:
            self._catch_up()
        return self._probability

    def _catch_up(self) -> None:
        if self._missed:
            self._ear.reset()
            self._missed = False
        sound = self._take(len(self._unheard) // 2 * 2)
        self._probability = float(self._ear.hear(slowed(sound))[-3:].max())

    def _take(self, frames: int) -> Floats:
        """Return the first `frames` of the unheard with what came before them; they no longer wait."""
        sound = np.concatenate([self._before, *self._unheard[:frames]])
        self._before, self._unheard = sound[-2 * _REACH :], self._unheard[frames:]
        return sound


def _interpolation() -> Floats:
    """Return weights (18, 3): two input samples in the middle of 18 become three, by a Hann-windowed sinc.

    Output m lies at input 2m/3, so the three lie 0, 2/3 and 4/3 samples after the first of the two.
    """
    distance = np.arange(2 * _REACH + 2)[:, None] - _REACH - np.array([0.0, 2 / 3, 4 / 3])
    window = np.where(np.abs(distance) <= _REACH, 0.5 + 0.5 * np.cos(np.pi * distance / _REACH), 0.0)
    weights = np.sinc(distance) * window
    return (weights / weights.sum(axis=0)).astype(np.float32)


_WEIGHTS = _interpolation()


def slowed(sound: Floats) -> Floats:
    """Return `sound` (n + 16,), n even, slowed to two thirds: (3 n / 2,), half a millisecond behind at both ends."""
    windows = np.lib.stride_tricks.as_strided(
        sound,
        ((len(sound) - 2 * _REACH) // 2, len(_WEIGHTS)),
        (2 * sound.strides[0], sound.strides[0]),
        writeable=False,
    )
    return (windows @ _WEIGHTS).reshape(-1)


class SpeechGate:
    """Hears one stream: feed it its frames in order; what comes out depends on the samples alone.

    `asks(probability, level_db)` says of each frame whether the second ear can change anything there;
    without it, it always listens.
    """

    def __init__(self, silero: Silero, asks: Callable[[float, float], bool] = lambda probability, level: True) -> None:
        self._first, self._second, self._asks = Ear(silero), SecondEar(silero), asks

    def reset(self) -> None:
        """Start anew, as after an utterance."""
        self._first.reset()
        self._second.reset()

    def hear(self, frame: Samples) -> Hearing:
        """Return what the next frame sounds like, (512,) int16 at 16 kHz."""
        sound, level = to_float(frame), level_db(frame)
        probability = float(self._first.hear(sound)[0])
        return Hearing(probability, self._second.hear(sound, self._asks(probability, level)), level)
