"""A client of the streaming endpoint: audio in, events with their arrival times out.

`AsyncClient` and `Client` are for programs, `stream` for the command line; all three go through `Session`, which
outlives its connections. Depends on websockets and numpy. It prints nothing; the command line is in serving/cli.
"""
