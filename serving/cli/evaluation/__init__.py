"""`undertone evaluate` and `undertone compare`: who is asked, a server or a release.

What comes of it, numbers and report, is made in the library (undertone/evaluation).
"""
