"""What HTTP looks like on every route: errors as JSON, HEAD, other origins, a first page, the pages of the API.

Depends on FastAPI, uvicorn and fastapi-offline, of which only the files are served. Knows nothing of sessions and
uploads.
"""
