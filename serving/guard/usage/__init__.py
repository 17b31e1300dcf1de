"""What each key uses: counted in memory, written to sqlite, held against its quota.

Depends on `limits` for windows of time. Knows grants, and nothing of how they were shown.
"""
