"""How an utterance was spoken, in numbers: the pitch of its voice and its energy, only for those who ask.

It depends on numpy and on swift-f0, a small network for pitch that comes with its package. It judges nothing: no
verdict is made of these numbers. The rate of speech is a matter of words (undertone/stream/judging.py).
"""

from undertone.prosody.values import Pitch, Prosody

__all__ = ["Pitch", "Prosody"]
