"""Recordings that lie in storage, fetched for clients who name their address, from where the operator allows.

Depends on psutil, on httpx and s3fs, which are loaded when something is fetched, and on the rules of the guard. Knows
nothing of requests to us and of audio.
"""
