"""A session as a function of its samples: bytes in; events, utterances and early questions out.

Depends on numpy, the gate, the voice and the words. There are no sockets, threads, queues or wall clocks here, so that
a file in chunks of any size gives the same utterances.
"""
