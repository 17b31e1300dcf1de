"""A client of the streaming endpoint: audio in, events with their arrival times out.

Depends on websockets and numpy. It reads no files and prints nothing; the command line is in serving/cli.
"""
