"""What can be read from the bytes of a recording without decoding them: where its streams begin, and whether they end.

Depends on nothing. It mends sizes that are wrong by replacing bytes (window.py), never in the file itself.
"""
