"""What each key uses: counted in memory, written to sqlite, held against its quota.

Depends on the standard library alone. Knows grants, and nothing of how they were shown.
"""
