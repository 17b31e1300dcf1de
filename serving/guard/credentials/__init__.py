"""What clients show and whether it holds: API keys from a file, and tokens that others sign (JWT).

Depends on PyJWT and pydantic, and on the grants and rules of serving/guard. Counts nothing.
"""
