"""A served session: the stream of undertone/stream with its words, its finals in order, its partials and its clock.

Sockets (serving/live) and uploads (serving/files) feed it; it knows neither.
"""
