"""Sessions as a server recorded them: how their files lie in a store, are written and deleted, read and heard again.

Depends on fsspec, numpy and soundfile, and on the stream for a replay. Who may be recorded, and when, is the server's
(serving/observe/recording); what is here is for whoever has the store: the server, the command line, the trainings.
"""
