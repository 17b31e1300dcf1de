"""What else than PCM a session may be sent: telephone bytes (G.711) and Opus in Ogg or WebM, decoded while they come.

Depends on the library's audio files for the way to 16 kHz, and on PyAV, which is loaded for those who send such audio.
It knows nothing of sockets. Whole recordings, whose end can be looked at first, are undertone/audio_file.
"""
