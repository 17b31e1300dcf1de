"""The WebSocket side of a session: what a socket brings and takes, patience, and the close with its reason.

What is heard and answered is in serving/sessions.
"""
