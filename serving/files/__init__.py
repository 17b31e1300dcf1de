"""Whole recordings over HTTP: `POST /predict` and `POST /api/transcribe`, from body to last line."""
