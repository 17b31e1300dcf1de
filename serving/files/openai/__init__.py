"""`POST /v1/audio/transcriptions`: a recording in the shape that OpenAI gave to it, so that their clients work here.

Depends on serving/files, which takes the recording in, and on sessions. The package `openai` is never imported.
"""
