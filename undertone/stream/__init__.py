"""A session as a function of its samples: bytes in; messages, utterances and early questions out.

Depends on numpy, the gate and the voice. There are no sockets, threads, queues or wall clocks here, so that a file in
chunks of any size gives the same utterances.
"""
