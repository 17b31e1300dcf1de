"""How long live audio waits to be heard in one piece with what follows it: the more, the more sessions there are.

Every piece costs a way through the event loop to a thread and back, and a call of each network. Of 40 sessions that
send 32 ms at a time, the process that holds them takes a third less time where three such frames are one piece, and
the words have more of the cores. With few sessions nobody waits.
"""

FEW_SESSIONS = 8
EACH_S = 0.006  # for each session above them
MOST_S = 0.096  # from 24 sessions on: three frames of 32 ms


def together_s(live_sessions: int) -> float:
    """Return for how many seconds audio may wait for more of its session.

    >>> [together_s(sessions) for sessions in (1, 8, 16, 40)]
    [0.0, 0.0, 0.048, 0.096]
    """
    return min(MOST_S, EACH_S * max(0, live_sessions - FEW_SESSIONS))
