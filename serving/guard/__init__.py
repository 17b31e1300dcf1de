"""Who may use the server and how much: every request and socket before anything else, and the keys of those who are in.

Depends on Starlette and pydantic, and on its rooms: credentials (keys and tokens), usage (counting and quotas). Knows
nothing of audio and of sessions: serving/admission.py asks it before a slot is given, and tells it what was heard.
"""
