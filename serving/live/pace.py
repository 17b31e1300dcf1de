"""How long live audio waits to be heard in one piece with what follows it: the more, the more sessions there are.

Every piece costs a way through the event loop to a thread and back, and a call of each network. Three frames of 32 ms
in one piece cost half of what they cost one by one, and come 64 ms later at most. With few sessions nobody waits.
"""

FEW_SESSIONS = 8
EACH_S = 0.004  # for each session above them
MOST_S = 0.064  # from 24 sessions on


def together_s(live_sessions: int) -> float:
    """Return for how many seconds audio may wait for more of its session.

    >>> [together_s(sessions) for sessions in (1, 8, 16, 40)]
    [0.0, 0.0, 0.032, 0.064]
    """
    return min(MOST_S, EACH_S * max(0, live_sessions - FEW_SESSIONS))
