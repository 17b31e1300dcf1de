"""What each key uses: counted in memory, written to sqlite, shared through Redis, held against its quota.

Depends on the standard library, and on redis-py in shared.py alone, which is loaded where it is asked for. Knows
grants, and nothing of how they were shown.
"""
