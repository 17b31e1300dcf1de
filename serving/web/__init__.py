"""What HTTP looks like on every route: errors as JSON, HEAD, other origins, the page, the pages of the API.

The page and the JavaScript client that it uses are files, in page/ and client/. Depends on FastAPI, uvicorn and
fastapi-offline, of which only the files are served. Knows nothing of sessions and uploads.
"""
