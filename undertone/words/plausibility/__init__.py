"""Whether words were said at all: what recogniser, sound and speech gate tell, in two calibrated sums.

It depends on numpy and on no engine: what an engine knows of its own words comes in as evidence.
"""
