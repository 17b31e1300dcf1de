"""Judges a kind of network, not one of its fits: all 24 actors in folds, under noise, gain, telephone, short windows.

It is a room of its own because it takes longer than everything else that judges.
"""
